//! The picture that stands for a plugin.

/// A plugin's icon, ready to be served. An SVG may hold scripts: it is to be served so that none of them runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// `image/png`, `image/svg+xml` or `image/webp`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The formats of icons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Svg,
    Webp,
}

/// What icons are called.
pub(super) const NAMES: [(&str, Format); 3] =
    [("icon.png", Format::Png), ("icon.svg", Format::Svg), ("icon.webp", Format::Webp)];

impl Format {
    /// The icon in a file of this format.
    pub(super) fn read(self, bytes: Vec<u8>) -> Result<Icon, String> {
        let content_type = match self {
            Format::Png if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => "image/png",
            Format::Png => return Err("is no PNG picture".to_owned()),
            Format::Webp if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => "image/webp",
            Format::Webp => return Err("is no WebP picture".to_owned()),
            Format::Svg => {
                if let Err(error) = std::str::from_utf8(&bytes) {
                    return Err(format!("is not UTF-8 from byte {} on", error.valid_up_to()));
                }
                "image/svg+xml"
            }
        };
        Ok(Icon { content_type, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_name_says() {
        let png = b"\x89PNG\r\n\x1a\n....".to_vec();
        let webp = b"RIFF\x04\0\0\0WEBPVP8 ".to_vec();
        let content_type =
            |format: Format, bytes: &[u8]| format.read(bytes.to_vec()).map(|icon| icon.content_type);
        assert_eq!(content_type(Format::Png, &png), Ok("image/png"));
        assert_eq!(content_type(Format::Webp, &webp), Ok("image/webp"));
        assert_eq!(content_type(Format::Svg, b"<svg/>"), Ok("image/svg+xml"));
        for (format, bytes) in [
            (Format::Png, &webp[..]),
            (Format::Webp, &png),
            (Format::Webp, b"RIFF\x04\0\0\0WAVE"),
            (Format::Webp, b"RIFF"),
            (Format::Png, b""),
            (Format::Svg, b"<svg>\xff"),
        ] {
            assert!(format.read(bytes.to_vec()).is_err(), "{format:?} {bytes:?}");
        }
    }
}
