//! Repeatable noise (xorshift64*): a class and a number make one mutation, always the same.

#[derive(Debug, Clone)]
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed.wrapping_add(1)) | 1)
    }

    pub(crate) const fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // The low bits of this generator are its weakest.
        usize::try_from((self.draw() >> 20) % u64::try_from(end).expect("small")).expect("small")
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Two different numbers below `end`, the smaller first.
    pub(crate) fn two(&mut self, end: usize) -> (usize, usize) {
        let first = self.below(end);
        let second = (first + 1 + self.below(end - 1)) % end;
        (first.min(second), first.max(second))
    }
}
