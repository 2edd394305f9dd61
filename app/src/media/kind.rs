//! Which kinds of file are taken, and how each is told. A name alone is not believed: the bytes have to agree.

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its usual name.
    pub name: &'static str,
    /// How such files end, in lower case.
    pub extensions: &'static [&'static str],
    /// What browsers are told.
    pub content_type: &'static str,
    /// Whether it is a picture made of pixels: those are often misnamed, and harmless under their true type.
    raster: bool,
    matches: fn(&[u8]) -> bool,
}

/// Every kind that is taken.
pub const KINDS: [Kind; 10] = [
    raster("PNG", &["png"], "image/png", is_png),
    raster("JPEG", &["jpg", "jpeg"], "image/jpeg", is_jpeg),
    raster("GIF", &["gif"], "image/gif", is_gif),
    raster("WebP", &["webp"], "image/webp", is_webp),
    raster("AVIF", &["avif"], "image/avif", is_avif),
    other("SVG", &["svg"], "image/svg+xml", is_svg),
    other("PDF", &["pdf"], "application/pdf", is_pdf),
    other("MP4", &["mp4"], "video/mp4", is_mp4),
    other("MP3", &["mp3"], "audio/mpeg", is_mp3),
    other("text", &["txt"], "text/plain; charset=utf-8", is_text),
];

const fn raster(
    name: &'static str,
    extensions: &'static [&'static str],
    content_type: &'static str,
    matches: fn(&[u8]) -> bool,
) -> Kind {
    Kind { name, extensions, content_type, raster: true, matches }
}

const fn other(
    name: &'static str,
    extensions: &'static [&'static str],
    content_type: &'static str,
    matches: fn(&[u8]) -> bool,
) -> Kind {
    Kind { name, extensions, content_type, raster: false, matches }
}

impl Kind {
    /// The kind of a file by its name and its bytes. The error says what was expected.
    pub fn of(filename: &str, bytes: &[u8]) -> Result<Self, String> {
        let extension = extension(filename);
        let Some(named) = KINDS.iter().find(|kind| kind.extensions.contains(&extension.as_str())) else {
            let known: Vec<_> = KINDS.iter().flat_map(|kind| kind.extensions).copied().collect();
            return Err(format!("is not of a kind that can be stored ({})", known.join(", ")));
        };
        if (named.matches)(bytes) {
            return Ok(*named);
        }
        let true_kind = KINDS.iter().find(|kind| kind.raster && named.raster && (kind.matches)(bytes));
        true_kind.copied().ok_or_else(|| format!("is named like a {} file but is none inside", named.name))
    }
}

fn extension(filename: &str) -> String {
    filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

fn is_gif(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The brands that an ISO media file says it follows: the major one, then the compatible ones.
fn brands(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let length = u32::from_be_bytes(bytes.first_chunk().copied()?);
    let length = usize::try_from(length).ok()?.min(bytes.len()).min(256);
    if bytes.get(4..8)? != b"ftyp" || length < 16 {
        return None;
    }
    Some(std::iter::once(&bytes[8..12]).chain(bytes[16..length].chunks_exact(4)))
}

fn is_avif(bytes: &[u8]) -> bool {
    brands(bytes).is_some_and(|mut brands| brands.any(|brand| brand == b"avif" || brand == b"avis"))
}

fn is_mp4(bytes: &[u8]) -> bool {
    brands(bytes).is_some() && !is_avif(bytes)
}

fn is_mp3(bytes: &[u8]) -> bool {
    let frame = matches!(bytes, [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0);
    bytes.starts_with(b"ID3") || frame
}

fn is_pdf(bytes: &[u8]) -> bool {
    // Readers look for the mark in the first kilobyte.
    bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-")
}

fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with("<svg")
        || (["<?xml", "<!--", "<!DOCTYPE"].iter().any(|start| text.starts_with(start))
            && text.contains("<svg"))
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_are_told_by_name_and_bytes() {
        for (filename, bytes, content_type) in [
            ("a.png", b"\x89PNG\r\n\x1a\n....".as_slice(), "image/png"),
            ("A.JPEG", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("misnamed.png", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            ("a.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "image/avif"),
            ("a.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video/mp4"),
            ("a.mp3", b"ID3\x04", "audio/mpeg"),
            ("a.pdf", b"%PDF-1.7", "application/pdf"),
            ("a.svg", b"<?xml version=\"1.0\"?>\n<svg/>", "image/svg+xml"),
            ("a.txt", "Grüße".as_bytes(), "text/plain; charset=utf-8"),
        ] {
            assert_eq!(Kind::of(filename, bytes).unwrap().content_type, content_type, "{filename}");
        }
    }

    #[test]
    fn what_pretends_is_refused() {
        for (filename, bytes) in [
            ("page.html", b"<script>".as_slice()),
            ("page.png", b"<script>"),
            ("page.svg", b"<html><svg>"),
            ("photo.svg", b"\xff\xd8\xff\xe0"),
            ("binary.txt", b"a\0b"),
            ("no-extension", b"\x89PNG\r\n\x1a\n"),
        ] {
            assert!(Kind::of(filename, bytes).is_err(), "{filename}");
        }
        assert!(Kind::of("x.exe", b"MZ").unwrap_err().contains("png, jpg"));
    }
}
