//! Archives that nobody packs by mistake.

use std::io::{self, Read as _};

use zip::CompressionMethod;

use super::raw::{RawFile, archive};
use super::*;

/// The manifest and the code, and these files, byte by byte.
fn raw_with(files: impl IntoIterator<Item = RawFile>) -> Vec<u8> {
    let mut all = vec![RawFile::new("manifest.toml", MANIFEST), RawFile::new("plugin.wasm", CODE)];
    all.extend(files);
    archive(&all)
}

/// A file that the crate has packed: its data, its checksum and its size.
fn deflated(name: &str, size: u64, byte: u8) -> RawFile {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("x", options).expect("a file");
    io::copy(&mut io::repeat(byte).take(size), &mut writer).expect("packed");
    let bytes = writer.finish().expect("an archive").into_inner();
    let mut packed = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut file = packed.by_index_raw(0).expect("a file");
    let mut data = Vec::new();
    file.read_to_end(&mut data).expect("its data");
    RawFile::new(name, &data).with(|raw| {
        raw.method = 8;
        raw.crc = file.crc32();
        raw.unpacked = u32::try_from(size).expect("a size");
    })
}

/// A file of zeros: one, and then 258 times the one before, over and over. Written by hand, since packing as many as are
/// needed takes a while.
fn zeros(name: &str, repeats: usize) -> RawFile {
    let size = u32::try_from(1 + 258 * repeats).expect("a size");
    let bits = |text: &'static str| text.bytes().map(|bit| bit - b'0');
    // The last block, of the fixed code; a zero; repeats of length 258 and distance 1; the end.
    let start = bits("110").chain(bits("00110000"));
    let repeats = (0..repeats).flat_map(|_| bits("11000101").chain(bits("00000")));
    let all: Vec<u8> = start.chain(repeats).chain(bits("0000000")).collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
    let data: Vec<u8> = all.chunks(8).map(byte).collect();
    RawFile::new(name, data).with(|raw| {
        raw.method = 8;
        raw.unpacked = size;
    })
}

#[test]
fn an_honest_archive_passes() {
    let read = good(&raw_with([RawFile::new("README.md", "Read me")]));
    assert_eq!(read.readme.as_deref(), Some("Read me"));
    let read = good(&raw_with([deflated("README.md", 1000, b' ')]));
    assert_eq!(read.readme.map(|text| text.len()), Some(1000));
    let content = vec![0; 1 + 258 * 100];
    let file = zeros("README.md", 100).with(|raw| raw.crc = raw::crc32(&content));
    assert_eq!(good(&raw_with([file])).readme.map(String::into_bytes), Some(content));
}

#[test]
fn an_archive_has_one_list_at_its_end() {
    let whole = raw_with([]);
    let end = whole.len() - 22;
    let patched = |at: usize, value: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    let commented = |comment: &[u8]| {
        let mut bytes = patched(end + 20, &u16::try_from(comment.len()).expect("short").to_le_bytes());
        bytes.extend(comment);
        bytes
    };
    good(&commented(b"9a6ca07"));
    let damaged = "the archive is damaged: ";
    refused(&commented(&whole), &[&format!("{damaged}there is something before, behind or between")]);
    refused(&[&whole[..], b"x"].concat(), &[damaged]);
    refused(&[&whole[..], &whole].concat(), &[damaged]);
    refused(&[b"PK\x03\x04".to_vec(), whole.clone()].concat(), &[damaged]);
    refused(&whole[..end], &[&format!("{damaged}its end is missing")]);
    refused(&patched(end + 8, &[1, 0, 1, 0]), &[&format!("{damaged}its list of files is broken")]);
    refused(&patched(end + 8, &[3, 0, 3, 0]), &[&format!("{damaged}its list of files is broken")]);
    refused(&patched(end + 8, &[1, 0]), &["the archive is one part of several"]);
    refused(&patched(end + 4, &[1, 0]), &["the archive is one part of several"]);
    refused(&patched(end + 10, &[0xff, 0xff]), &["the archive is in the zip64 format"]);
    refused(&patched(end + 16, &[0xff; 4]), &["the archive is in the zip64 format"]);
    refused(&archive(&[]), &["the archive is empty"]);
    let many = (0..299).map(|number| RawFile::new(format!("{number}"), ""));
    refused(&raw_with(many), &["the archive holds 301 files; at most 300 are allowed"]);
}

#[test]
fn names_stay_inside_and_are_plain() {
    let long = "x".repeat(256);
    let table: [(&[u8], &str); 14] = [
        (b"../plugin.wasm", "../plugin.wasm: the path has the segment `..`"),
        (b"migrations/../../x", "migrations/../../x: the path has the segment `..`"),
        (b"./README.md", "./README.md: the path has the segment `.`"),
        (b"/etc/passwd", "/etc/passwd: the path starts with `/`"),
        (b"migrations//1.sql", "migrations//1.sql: the path has an empty segment"),
        (b"migrations\\1.sql", "migrations\\1.sql: the path holds a backslash"),
        (b"C:/plugin.wasm", "C:/plugin.wasm: the name holds a colon"),
        (b"C:", "C:: the name holds a colon"),
        (b"icon.png\0.exe", "icon.png\\0.exe: the path holds the control character"),
        (b"a\nb", "a\\nb: the path holds the control character"),
        (b"LICENSE\xff", "LICENSE\u{fffd}: the name is not UTF-8 from byte 7 on"),
        (b"", "(a file without a name): the path is empty"),
        (b"/", "/: the path is empty"),
        (long.as_bytes(), "xxxx"),
    ];
    for (name, reason) in table {
        refused(&raw_with([RawFile::new(name, "").with(|raw| raw.mode = 0)]), &[reason]);
    }
    let reasons = read(&raw_with([RawFile::new(&long, "")])).expect_err("a refusal");
    let expected = format!("{}…: the name is 256 bytes long; at most 255 are allowed", &long[..80]);
    assert_eq!(reasons, [expected]);
}

#[test]
fn only_plain_files_and_folders_are_read() {
    let of_mode = |name: &str, mode: u32| raw_with([RawFile::new(name, "").with(|raw| raw.mode = mode)]);
    for fine in [0, 0o644, 0o100_600] {
        good(&of_mode("README.md", fine));
    }
    good(&of_mode("migrations/", 0o040_755));
    refused(&of_mode("README.md", 0o120_777), &["README.md: is a symbolic link"]);
    refused(&of_mode("migrations/", 0o120_777), &["migrations/: is a symbolic link"]);
    refused(&of_mode("README.md", 0o040_755), &["README.md: is a folder without the `/`"]);
    refused(&of_mode("migrations/", 0o100_644), &["migrations/: is neither a plain file nor a folder"]);
    for special in [0o010_644, 0o020_644, 0o060_644, 0o140_644] {
        refused(&of_mode("README.md", special), &["README.md: is neither a plain file nor a folder"]);
    }
    refused(
        &raw_with([RawFile::new("migrations/", "x").with(|raw| raw.mode = 0)]),
        &["migrations/: is a folder and holds 1 bytes"],
    );
}

#[test]
fn what_is_encrypted_or_packed_in_other_ways_is_refused() {
    for flags in [1, 1 | 1 << 6, 1 << 13] {
        let file = RawFile::new("README.md", "x").with(|raw| raw.flags = flags);
        refused(&raw_with([file]), &["README.md: is encrypted"]);
    }
    for method in [9, 12, 93] {
        let file = RawFile::new("README.md", "x").with(|raw| raw.method = method);
        refused(&raw_with([file]), &[&format!("README.md: is packed by method {method}")]);
    }
}

#[test]
fn no_two_files_have_one_name() {
    let twins = [RawFile::new("README.md", "one"), RawFile::new("README.md", "two")];
    refused(&raw_with(twins), &["README.md: is in the archive 2 times"]);
    let code = [RawFile::new("plugin.wasm", "one"), RawFile::new("plugin.wasm", "two")];
    refused(&raw_with(code), &["plugin.wasm: is in the archive 3 times"]);
    let capitals = [RawFile::new("migrations/a.sql", ""), RawFile::new("migrations/A.sql", "")];
    refused(&raw_with(capitals), &["migrations/a.sql and migrations/A.sql: differ in capitals alone"]);
}

#[test]
fn bombs_are_not_unpacked() {
    let bomb = zeros("LICENSE", 1_220_000);
    refused(&raw_with([bomb.clone()]), &["the archive unpacks to 31476"]);
    let wide = PackageLimits { unpacked: 1 << 40, ..PackageLimits::default() };
    refused_within(&raw_with([bomb.clone()]), &wide, &["LICENSE: is 314760001 bytes large; at most 262144"]);
    // What is announced is small, and the data go on.
    for announced in [0, 1000] {
        let short = bomb.clone().with(|raw| raw.unpacked = announced);
        refused(
            &raw_with([short]),
            &["LICENSE: cannot be unpacked: File is larger than its declared uncompressed size"],
        );
    }
    // Each file alone is within its limit.
    let half = |name: &str| RawFile::new(name, "").with(|raw| raw.unpacked = 100 << 20);
    refused(&raw_with([half("LICENSE-A"), half("LICENSE-B")]), &["the archive unpacks to 209"]);
}

#[test]
fn a_ratio_is_for_large_files() {
    good(&raw_with([deflated("README.md", 256 << 10, b' ')]));
    let limits = PackageLimits { readme: 4 << 20, ..PackageLimits::default() };
    let large = || raw_with([deflated("README.md", 2 << 20, b' ')]);
    refused_within(&large(), &limits, &["README.md: unpacks from "]);
    let wide = PackageLimits { ratio: 2000, ..limits };
    assert!(read_package(&large(), &wide).is_ok());
    let code = [RawFile::new("manifest.toml", MANIFEST), deflated("plugin.wasm", 2 << 20, 0)];
    refused(&archive(&code), &["plugin.wasm: unpacks from "]);
}

#[test]
fn no_byte_belongs_to_two_files() {
    let shared = RawFile::new("LICENSE", "Read me").with(|raw| raw.shares = Some(2));
    refused(&raw_with([RawFile::new("README.md", "Read me"), shared]), &["LICENSE: overlaps with README.md"]);
    let quoting = RawFile::new("LICENSE", "x").with(|raw| raw.packed = 60);
    refused(
        &raw_with([quoting.clone(), RawFile::new("README.md", "Read me")]),
        &["LICENSE: overlaps with README.md"],
    );
    refused(&raw_with([quoting]), &["LICENSE: overlaps with the archive's list of files"]);
}

#[test]
fn headers_that_lie_are_found_out() {
    let readme = || RawFile::new("README.md", "Read me");
    refused(
        &raw_with([readme().with(|raw| raw.local_name = b"LICENSE.x".to_vec())]),
        &["README.md: cannot be read: invalid Zip archive: header inconsistency"],
    );
    refused(
        &raw_with([readme().with(|raw| raw.crc ^= 1)]),
        &["README.md: cannot be unpacked: Invalid checksum"],
    );
    refused(
        &raw_with([readme().with(|raw| raw.unpacked += 1)]),
        &["README.md: unpacks to 7 bytes; the archive announces 8"],
    );
    refused(
        &raw_with([deflated("README.md", 1000, b' ').with(|raw| raw.data[3] ^= 0xff)]),
        &["README.md: cannot be unpacked: "],
    );
    refused(
        &raw_with([readme().with(|raw| raw.listed = false)]),
        &["the archive is refused: invalid Zip archive: header inconsistency"],
    );
    let name = b"LICENSE";
    let field = [&[1][..], &raw::crc32(b"README.md").to_le_bytes(), name].concat();
    let extra =
        [&0x7075_u16.to_le_bytes()[..], &[u8::try_from(field.len()).expect("short"), 0], &field].concat();
    refused(
        &raw_with([readme().with(|raw| raw.extra = extra)]),
        &["README.md: has another name in an extra field"],
    );
}

/// An archive with a file of every kind.
fn full() -> Vec<u8> {
    let files = [
        ("manifest.toml", MANIFEST.as_bytes()),
        ("plugin.wasm", CODE),
        ("README.md", b"Read me, read me, read me, read me"),
        ("icon.png", PNG),
        ("migrations/1.sql", b"SELECT 1"),
    ];
    zip(&[&files[..], &[("SHA256SUMS", sums_of(&files).as_bytes())]].concat())
}

#[test]
fn every_cut_is_a_refusal() {
    for whole in [full(), code(&[("manifest", MANIFEST)])] {
        good(&whole);
        for length in 0..whole.len() {
            let reasons = read(&whole[..length]).expect_err("a refusal");
            assert!(!reasons.is_empty() && reasons.iter().all(|reason| !reason.is_empty()), "{length}");
        }
    }
}

/// Numbers that look random and are the same in every run.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), |state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    })
    .skip(1)
}

#[test]
fn changed_bytes_never_change_what_is_read() {
    let whole = full();
    let before = good(&whole);
    let mut refusals = 0;
    for seed in 1..=4000 {
        let mut bytes = whole.clone();
        let random: Vec<u64> = numbers(seed).take(6).collect();
        for pair in random.chunks(2).take(1 + usize::try_from(seed % 3).expect("small")) {
            let at = usize::try_from(pair[0] % bytes.len() as u64).expect("a place");
            bytes[at] = pair[1].to_le_bytes()[3];
        }
        match read(&bytes) {
            Err(reasons) => {
                assert!(!reasons.is_empty());
                refusals += 1;
            }
            Ok(read) => {
                assert_eq!(read.package.manifest, before.package.manifest);
                assert_eq!(read.package.wasm, before.package.wasm);
                assert_eq!(read.package.migrations, before.package.migrations);
                assert_eq!((read.readme, read.icon), (before.readme.clone(), before.icon.clone()));
            }
        }
    }
    assert!(refusals > 3000, "{refusals}");
}

#[test]
fn random_bytes_are_refused() {
    let (start, end) = (b"PK\x03\x04", &full()[full().len() - 22..]);
    for seed in 1..=500 {
        let length = usize::try_from(seed * 3 % 700).expect("a length");
        let random: Vec<u8> = numbers(seed).take(length).map(|number| number.to_le_bytes()[3]).collect();
        for bytes in [
            random.clone(),
            [start, &random[..]].concat(),
            [start, &random[..], end].concat(),
            [b"\0asm\x0d\0\x01\0", &random[..]].concat(),
        ] {
            assert!(!read(&bytes).expect_err("a refusal").is_empty(), "{seed}");
        }
    }
}
