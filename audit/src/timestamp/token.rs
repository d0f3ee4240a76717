//! The DER of requests and answers (RFC 3161 section 2.4), and the signed data inside (RFC 5652).

use der::asn1::{AnyRef, IntRef, Null, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use sealane_crypto::digest::Digest;

use super::{SignedToken, TimestampError};

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `PKIStatus`: granted, and granted with changes.
const GRANTED: [u8; 2] = [0, 1];

#[derive(Sequence)]
struct AlgorithmIdentifier<'a> {
    oid: ObjectIdentifier,
    #[asn1(optional = "true")]
    parameters: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct MessageImprint<'a> {
    hash_algorithm: AlgorithmIdentifier<'a>,
    hashed_message: &'a OctetStringRef,
}

#[derive(Sequence)]
struct TimeStampReq<'a> {
    version: u8,
    message_imprint: MessageImprint<'a>,
    nonce: IntRef<'a>,
    cert_req: bool,
}

/// `ContentInfo` and `EncapsulatedContentInfo`: what it is, and it.
#[derive(Sequence)]
struct Content<'a> {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: AnyRef<'a>,
}

/// What an answer says.
pub(super) struct Token {
    /// The SHA-256 that it is about; `None` if it is about another digest.
    pub(super) imprint: Option<Vec<u8>>,
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) at_ns: i64,
    pub(super) policy: String,
}

/// A request for a token with the authority's certificate in it.
pub(super) fn request(imprint: &Digest, nonce: &[u8; 8]) -> Result<Vec<u8>, TimestampError> {
    let request = TimeStampReq {
        version: 1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: Some(Null.into()) },
            hashed_message: OctetStringRef::new(imprint.as_bytes()).map_err(form)?,
        },
        nonce: IntRef::new(nonce).map_err(form)?,
        cert_req: true,
    };
    request.to_der().map_err(form)
}

pub(super) fn read(response: &[u8]) -> Result<Token, TimestampError> {
    let response = AnyRef::from_der(response).map_err(form)?;
    let (status, token) = response.sequence(status_and_token).map_err(form)?;
    if !GRANTED.contains(&status) {
        return Err(TimestampError::Refused { status });
    }
    let token = token.ok_or_else(|| wrong("it is granted and holds no token"))?;
    if token.content_type != SIGNED_DATA {
        return Err(wrong("its token is not signed data"));
    }
    let signed = token.content.sequence(signed_content).map_err(form)?;
    if signed.content_type != TST_INFO {
        return Err(wrong("its token is about something other than time"));
    }
    let content: &OctetStringRef = signed.content.decode_as().map_err(form)?;
    let info = AnyRef::from_der(content.as_bytes()).map_err(form)?;
    let info = info.sequence(info_fields).map_err(form)?;
    let algorithm = info.imprint.hash_algorithm.oid;
    Ok(Token {
        imprint: (algorithm == SHA_256).then(|| info.imprint.hashed_message.as_bytes().to_vec()),
        nonce: info.nonce.map(|nonce| nonce.as_bytes().to_vec()),
        at_ns: time(info.at).ok_or_else(|| wrong("its time is damaged"))?,
        policy: info.policy.to_string(),
    })
}

/// `TimeStampResp`: the status, of which the words and the failure bits do not matter here; the token.
fn status_and_token<'a>(response: &mut SliceReader<'a>) -> der::Result<(u8, Option<Content<'a>>)> {
    let status: AnyRef<'a> = response.decode()?;
    let status = status.sequence(|status| {
        let value = status.decode()?;
        skip_rest(status)?;
        der::Result::Ok(value)
    })?;
    let token = if response.is_finished() { None } else { Some(response.decode()?) };
    Ok((status, token))
}

/// `SignedData`: what was signed. Certificates and signatures are for whoever checks them, and as authorities
/// write them: some repeat a certificate in what should be a set.
fn signed_content<'a>(signed: &mut SliceReader<'a>) -> der::Result<Content<'a>> {
    let content = signed_start(signed)?;
    skip_rest(signed)?;
    Ok(content)
}

fn signed_start<'a>(signed: &mut SliceReader<'a>) -> der::Result<Content<'a>> {
    let _version: AnyRef<'a> = signed.decode()?;
    let _digest_algorithms: AnyRef<'a> = signed.decode()?;
    signed.decode()
}

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// What the token's signer signed (RFC 5652 section 5.3), and the certificates that came with it.
pub(super) fn signature(response: &[u8]) -> Result<SignedToken, TimestampError> {
    let response = AnyRef::from_der(response).map_err(form)?;
    let (_, token) = response.sequence(status_and_token).map_err(form)?;
    let token = token.ok_or_else(|| wrong("it holds no token"))?;
    let (content, certificates, signer) = token.content.sequence(signed_parts).map_err(form)?;
    let content: &OctetStringRef = content.content.decode_as().map_err(form)?;
    let signer = signer.ok_or_else(|| wrong("nobody signed its token"))?;
    let signer = signer.sequence(signer_fields).map_err(form)?;
    let attributes = each(signer.attributes.value()).map_err(form)?;
    let value_of = |wanted: ObjectIdentifier| {
        let read = attributes.iter().filter_map(|attribute| attribute.sequence(attribute_fields).ok());
        let mut values = read.filter(|(name, _)| *name == wanted);
        // INVARIANT: each of them stands there once, or it says nothing.
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| value)
    };
    let kind = value_of(CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err(wrong("its signature is about something other than time"));
    }
    let digest = value_of(MESSAGE_DIGEST).and_then(|value| value.decode_as::<&OctetStringRef>().ok());
    let digest = digest.ok_or_else(|| wrong("its signature is about no content"))?;
    // What is signed is the set under its own tag, not under the one that it has among the fields.
    let signed = AnyRef::new(Tag::Set, signer.attributes.value()).map_err(form)?;
    Ok(SignedToken {
        content: content.as_bytes().to_vec(),
        digest_algorithm: signer.digest.oid.to_string(),
        message_digest: digest.as_bytes().to_vec(),
        attributes: signed.to_der().map_err(form)?,
        signature: signer.signature.as_bytes().to_vec(),
        certificates: certificates.iter().map(Encode::to_der).collect::<Result<_, _>>().map_err(form)?,
    })
}

type SignedParts<'a> = (Content<'a>, Vec<AnyRef<'a>>, Option<AnyRef<'a>>);

fn signed_parts<'a>(signed: &mut SliceReader<'a>) -> der::Result<SignedParts<'a>> {
    let content = signed_start(signed)?;
    let (mut certificates, mut signer) = (Vec::new(), None);
    while !signed.is_finished() {
        let part: AnyRef<'a> = signed.decode()?;
        match part.tag() {
            Tag::ContextSpecific { constructed: true, number } if number.0 == 0 => certificates = each(part.value())?,
            // Who signs beside the authority does not matter.
            Tag::Set => signer = each(part.value())?.into_iter().next(),
            _ => {}
        }
    }
    Ok((content, certificates, signer))
}

/// `SignerInfo`, as far as it matters here.
struct Signer<'a> {
    digest: AlgorithmIdentifier<'a>,
    attributes: AnyRef<'a>,
    signature: &'a OctetStringRef,
}

fn signer_fields<'a>(signer: &mut SliceReader<'a>) -> der::Result<Signer<'a>> {
    let _version: AnyRef<'a> = signer.decode()?;
    let _identifier: AnyRef<'a> = signer.decode()?;
    let digest = signer.decode()?;
    let attributes: AnyRef<'a> = signer.decode()?;
    if !matches!(attributes.tag(), Tag::ContextSpecific { constructed: true, number } if number.0 == 0) {
        return Err(attributes.tag().value_error().into());
    }
    let _algorithm: AnyRef<'a> = signer.decode()?;
    let signature = signer.decode()?;
    skip_rest(signer)?;
    Ok(Signer { digest, attributes, signature })
}

/// An attribute with one value.
fn attribute_fields<'a>(attribute: &mut SliceReader<'a>) -> der::Result<(ObjectIdentifier, AnyRef<'a>)> {
    let name = attribute.decode()?;
    let values: AnyRef<'a> = attribute.decode()?;
    let mut values = each(values.value())?.into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok((name, value)),
        _ => Err(Tag::Set.value_error().into()),
    }
}

/// What stands one after another.
fn each(bytes: &[u8]) -> der::Result<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(bytes)?;
    let mut all = Vec::new();
    while !reader.is_finished() {
        all.push(reader.decode()?);
    }
    Ok(all)
}

/// `TSTInfo`, as far as it matters here.
struct Info<'a> {
    policy: ObjectIdentifier,
    imprint: MessageImprint<'a>,
    /// A `GeneralizedTime` that may have fractions of a second.
    at: AnyRef<'a>,
    nonce: Option<IntRef<'a>>,
}

fn info_fields<'a>(info: &mut SliceReader<'a>) -> der::Result<Info<'a>> {
    let version: u8 = info.decode()?;
    if version != 1 {
        return Err(Tag::Integer.value_error().into());
    }
    let (policy, imprint) = (info.decode()?, info.decode()?);
    let _serial_number: IntRef<'a> = info.decode()?;
    let at = info.decode()?;
    let mut nonce = None;
    while !info.is_finished() {
        // Accuracy, ordering, nonce, name, extensions, in this order; the nonce alone is an integer.
        let optional: AnyRef<'a> = info.decode()?;
        if optional.tag() == Tag::Integer {
            nonce = Some(optional.decode_as()?);
        }
    }
    Ok(Info { policy, imprint, at, nonce })
}

fn skip_rest<'a>(reader: &mut SliceReader<'a>) -> der::Result<()> {
    while !reader.is_finished() {
        let _: AnyRef<'a> = reader.decode()?;
    }
    Ok(())
}

/// `YYYYMMDDhhmmss[.f...]Z`, always UTC (RFC 3161 section 2.4.2).
fn time(time: AnyRef<'_>) -> Option<i64> {
    let text = std::str::from_utf8(time.value()).ok().filter(|_| time.tag() == Tag::GeneralizedTime)?;
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let (date, clock) = whole.split_at_checked(8)?;
    let at: jiff::Timestamp = format!("{date}T{clock}.{fraction}Z").parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

fn form(error: der::Error) -> TimestampError {
    TimestampError::Form(error.to_string())
}

fn wrong(why: &str) -> TimestampError {
    TimestampError::Form(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_and_without_fractions_are_read() {
        let read = |text: &str| time(AnyRef::new(Tag::GeneralizedTime, text.as_bytes()).expect("value"));
        assert_eq!(read("20230607112626Z"), Some(1_686_137_186_000_000_000));
        assert_eq!(read("20230607112626.5Z"), Some(1_686_137_186_500_000_000));
        assert_eq!(read("20230607112626.000000001Z"), Some(1_686_137_186_000_000_001));
        for text in [
            "",
            "Z",
            "20230607112626",
            "20230607112626.Z",
            "20231307112626Z",
            "20230607112626+01Z",
            "2023060711262\u{e9}Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(time(AnyRef::new(Tag::Utf8String, b"20230607112626Z").expect("value")), None);
    }
}
