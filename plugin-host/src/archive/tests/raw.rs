//! Zip archives written byte by byte, so that they can lie.

/// A file in an archive, with everything that the archive says about it.
#[derive(Clone)]
pub(super) struct RawFile {
    pub(super) name: Vec<u8>,
    /// The name before the data.
    pub(super) local_name: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) unpacked: u32,
    pub(super) mode: u32,
    /// Extra fields, in both places.
    pub(super) extra: Vec<u8>,
    /// Whether the list at the end has it.
    pub(super) listed: bool,
    /// Another file whose data this one shares.
    pub(super) shares: Option<usize>,
}

impl RawFile {
    /// An honest file, stored as it is.
    pub(super) fn new(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> RawFile {
        let (name, content) = (name.as_ref(), content.as_ref());
        let size = u32::try_from(content.len()).expect("a small file");
        RawFile {
            name: name.to_vec(),
            local_name: name.to_vec(),
            data: content.to_vec(),
            flags: 0,
            method: 0,
            crc: crc32(content),
            packed: size,
            unpacked: size,
            mode: 0o100_644,
            extra: Vec::new(),
            listed: true,
            shares: None,
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut RawFile)) -> RawFile {
        change(&mut self);
        self
    }

    /// What stands alike before the data and in the list.
    fn common(&self) -> Vec<u8> {
        let mut bytes = [20_u16, self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat();
        bytes.extend([self.crc, self.packed, self.unpacked].map(u32::to_le_bytes).concat());
        bytes
    }

    fn local(&self) -> Vec<u8> {
        let lengths = [length(&self.local_name), length(&self.extra)].map(u16::to_le_bytes).concat();
        [b"PK\x03\x04", &self.common()[..], &lengths, &self.local_name, &self.extra, &self.data].concat()
    }

    fn row(&self, offset: u32) -> Vec<u8> {
        let made_by = [20, 3];
        let lengths = [length(&self.name), length(&self.extra), 0, 0, 0].map(u16::to_le_bytes).concat();
        let end = [self.mode << 16, offset].map(u32::to_le_bytes).concat();
        [b"PK\x01\x02", &made_by[..], &self.common(), &lengths, &end, &self.name, &self.extra].concat()
    }
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).expect("a short field")
}

/// The archive of these files.
pub(super) fn archive(files: &[RawFile]) -> Vec<u8> {
    let (mut bytes, mut list, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        match file.shares {
            Some(other) => offsets.push(offsets[other]),
            None => {
                offsets.push(u32::try_from(bytes.len()).expect("a small archive"));
                bytes.extend(file.local());
            }
        }
    }
    let listed: Vec<usize> = (0..files.len()).filter(|index| files[*index].listed).collect();
    for index in &listed {
        list.extend(files[*index].row(offsets[*index]));
    }
    let count = u16::try_from(listed.len()).expect("few files");
    let start = u32::try_from(bytes.len()).expect("a small archive");
    let size = u32::try_from(list.len()).expect("a small archive");
    bytes.extend(list);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].map(u16::to_le_bytes).concat());
    bytes.extend([size, start].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

/// The checksum of zip archives.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
