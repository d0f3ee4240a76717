//! Sample data, made on the spot: about 1,200 files that look like a study and are about nobody.
//!
//! DICOM files of a made-up CT series (PS3.10 preamble, file meta group, a handful of attributes, noise as pixels), VCF
//! files, CSV tables and one raw volume of 256 MiB. Every file says that it is synthetic. The same seed gives the same
//! bytes, so that two demos can be compared.

mod dicom;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

const SUBJECTS: usize = 100;
const SLICES: usize = 10;
const SLICE_SIDE: u16 = 128;
const VARIANT_FILES: usize = 100;
const TABLES: usize = 99;
/// Size of the one large file.
pub(super) const VOLUME_BYTES: usize = 256 << 20;

/// Write the sample data into an empty directory.
///
/// # Errors
/// When the directory cannot be written, or the disk is full.
pub(super) fn write(root: &Path) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let volume = scope.spawn(|| write_volume(root));
        let small = write_images(root).and_then(|()| write_variants(root)).and_then(|()| write_tables(root));
        let volume = volume.join().map_err(|_| anyhow::anyhow!("the writer of the sample volume stopped"))?;
        small.and(volume).context("the sample data cannot be written; is there about 400 MiB of free space?")
    })
}

fn write_images(root: &Path) -> anyhow::Result<()> {
    for subject in 1..=SUBJECTS {
        let series = root.join(format!("imaging/SYNTH-{subject:04}/ct-chest"));
        fs::create_dir_all(&series)?;
        for slice in 1..=SLICES {
            let mut noise = Noise::seeded(subject * 1_000 + slice);
            let mut pixels = vec![0; usize::from(SLICE_SIDE) * usize::from(SLICE_SIDE) * 2];
            noise.fill(&mut pixels);
            fs::write(series.join(format!("IM-{slice:04}.dcm")), dicom::image(subject, slice, SLICE_SIDE, &pixels))?;
        }
    }
    Ok(())
}

fn write_variants(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("genomics");
    fs::create_dir_all(&folder)?;
    for subject in 1..=VARIANT_FILES {
        let mut noise = Noise::seeded(7_000_000 + subject);
        let mut text = format!(
            "##fileformat=VCFv4.3\n##source=sealane-demo SYNTHETIC, about nobody\n##contig=<ID=chr22>\n\
             #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSYNTH-{subject:04}\n"
        );
        let mut position = 16_050_000_u64;
        for _ in 0..400 {
            let draw = noise.next();
            position += 1 + draw % 5_000;
            let bases = ["A", "C", "G", "T"];
            let base = |bits: u64| bases.get(usize::try_from(bits % 4).unwrap_or(0)).copied().unwrap_or("N");
            let reference = base(draw >> 8);
            let alternate = base((draw >> 8) + 1 + (draw >> 16) % 3);
            let genotype = if draw >> 20 & 1 == 0 { "0/1" } else { "1/1" };
            text.push_str(&format!(
                "chr22\t{position}\t.\t{reference}\t{alternate}\t{}\tPASS\t.\tGT\t{genotype}\n",
                30 + draw % 70
            ));
        }
        fs::write(folder.join(format!("SYNTH-{subject:04}.vcf")), text)?;
    }
    Ok(())
}

fn write_tables(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("clinical");
    fs::create_dir_all(&folder)?;
    fs::write(root.join("README.txt"), "SYNTHETIC sample data of the Sealane demo. It is about nobody.\n")?;
    for table in 1..=TABLES {
        let mut noise = Noise::seeded(9_000_000 + table);
        let mut text = "subject,visit,age,systolic,diastolic,synthetic\n".to_owned();
        for subject in 1..=SUBJECTS {
            let draw = noise.next();
            text.push_str(&format!(
                "SYNTH-{subject:04},{table},{},{},{},yes\n",
                20 + draw % 60,
                100 + (draw >> 8) % 60,
                60 + (draw >> 16) % 40
            ));
        }
        fs::write(folder.join(format!("visit-{table:03}.csv")), text)?;
    }
    Ok(())
}

fn write_volume(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("volumes");
    fs::create_dir_all(&folder)?;
    let mut file = fs::File::create(folder.join("synthetic-ct-256MiB.raw"))?;
    let mut noise = Noise::seeded(256);
    let mut block = vec![0; 1 << 20];
    for _ in 0..VOLUME_BYTES / block.len() {
        noise.fill(&mut block);
        file.write_all(&block)?;
    }
    Ok(())
}

/// Repeatable noise (xorshift64*): for content of sample files, never for secrets.
struct Noise(u64);

impl Noise {
    fn seeded(seed: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed as u64 + 1) | 1)
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let draw = self.next().to_le_bytes();
            for (byte, drawn) in chunk.iter_mut().zip(draw) {
                *byte = drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut one, mut two) = ([0; 100], [0; 100]);
        Noise::seeded(3).fill(&mut one);
        Noise::seeded(3).fill(&mut two);
        assert_eq!(one, two);
        Noise::seeded(4).fill(&mut two);
        assert_ne!(one, two);
    }
}
