//! What is in an archive's files, unpacked one at a time and never further than a limit.

use std::io::{Cursor, Read};

use zip::read::{ArchiveOffset, Config};
use zip::{ZipArchive, ZipReadOptions};

use super::PackageLimits;
use super::listing::{Entry, Listing};

/// A file that is not larger may be packed however well.
const RATIO_FROM: u64 = 1 << 20;

/// An archive that can be unpacked.
pub(super) struct Contents<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
    ratio: u64,
}

impl<'a> Contents<'a> {
    /// Opens the archive that has this list. Unpacks nothing.
    ///
    /// # Errors
    /// Everything for which it is not to be unpacked.
    pub(super) fn open(
        bytes: &'a [u8],
        listing: &Listing,
        limits: &PackageLimits,
    ) -> Result<Contents<'a>, Vec<String>> {
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let archive = ZipArchive::with_config(config, Cursor::new(bytes))
            .map_err(|error| vec![format!("the archive cannot be read: {error}")])?;
        if archive.central_directory_start() != listing.start {
            return Err(vec!["the archive has two lists of files; pack it anew".to_owned()]);
        }
        let mut contents = Contents { archive, left: limits.unpacked, ratio: limits.ratio };
        let mut faults = contents.renamed(&listing.entries);
        faults.extend(contents.overlaps(listing));
        faults.extend(contents.announces_too_much(&listing.entries));
        if faults.is_empty() { Ok(contents) } else { Err(faults) }
    }

    /// Files to which an extra field gives another name than the list does.
    fn renamed(&self, entries: &[Entry]) -> Vec<String> {
        let is_renamed = |entry: &&Entry| self.archive.index_for_name_raw(&entry.raw).is_none();
        entries
            .iter()
            .filter(is_renamed)
            .map(|entry| format!("{}: has another name in an extra field; pack it anew", entry.shown))
            .collect()
    }

    /// Files that share bytes of the archive with another or with its list.
    fn overlaps(&mut self, listing: &Listing) -> Vec<String> {
        let (mut places, mut faults) = (Vec::new(), Vec::new());
        for entry in &listing.entries {
            match self.place(entry) {
                Some(Ok((start, end))) => places.push((start, end, entry.shown.as_str())),
                Some(Err(reason)) => faults.push(format!("{}: cannot be read: {reason}", entry.shown)),
                None => {}
            }
        }
        places.sort_unstable();
        places.push((listing.start, listing.start, "the archive's list of files"));
        for pair in places.windows(2) {
            let [(_, end, first), (start, _, second)] = pair else { continue };
            if end > start {
                faults.push(format!("{first}: overlaps with {second} in the archive; pack it anew"));
            }
        }
        faults
    }

    /// Where a file's header begins and its data end; none for one that is under another name.
    fn place(&mut self, entry: &Entry) -> Option<Result<(u64, u64), String>> {
        let index = self.archive.index_for_name_raw(&entry.raw)?;
        let place = self.archive.by_index_raw(index).map(|file| {
            let data = file.data_start().unwrap_or_else(|| file.header_start());
            (file.header_start(), data.saturating_add(file.compressed_size()))
        });
        Some(place.map_err(|error| error.to_string()))
    }

    /// An archive that by its own account is too large, before anything of it is unpacked, and folders with contents.
    fn announces_too_much(&self, entries: &[Entry]) -> Vec<String> {
        let (mut total, mut faults) = (0_u64, Vec::new());
        for entry in entries {
            let index = self.archive.index_for_name_raw(&entry.raw);
            let file = index.and_then(|index| self.archive.by_index_data(index).ok());
            let Some(size) = file.map(|file| file.size()) else { continue };
            total = total.saturating_add(size);
            if entry.is_folder && size > 0 {
                faults.push(format!("{}: is a folder and holds {size} bytes itself", entry.shown));
            }
        }
        if total > self.left {
            let most = self.left;
            faults.push(format!("the archive unpacks to {total} bytes in all; at most {most} are allowed"));
        }
        faults
    }

    /// A file's bytes, `most` at most.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub(super) fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>, String> {
        let unreadable = |error: zip::result::ZipError| format!("cannot be read: {error}");
        let index = self.archive.index_for_name_raw(name.as_bytes()).ok_or("is missing")?;
        // Where a name is there twice, the crate would refuse every file; the archive is refused anyway.
        let options = ZipReadOptions::new().enforce_header_consistency(!self.archive.has_duplicate_names());
        let file = self.archive.by_index_with_options(index, options).map_err(unreadable)?;
        let (announced, packed) = (file.size(), file.compressed_size());
        if announced > most {
            return Err(format!("is {announced} bytes large; at most {most} are allowed"));
        }
        let dense = packed.saturating_mul(self.ratio).max(RATIO_FROM);
        if announced > dense {
            return Err(format!(
                "unpacks from {packed} bytes to {announced}; at most {} times as many are allowed",
                self.ratio
            ));
        }
        // The size that is announced may be a lie: what is unpacked is counted too.
        let limit = most.min(dense).min(self.left);
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be unpacked: {error}"))?;
        let size = bytes.len() as u64;
        self.left = self.left.saturating_sub(size);
        if size > limit {
            return Err(format!("unpacks to more than {limit} bytes, which is too many"));
        }
        if size != announced {
            return Err(format!("unpacks to {size} bytes; the archive announces {announced}"));
        }
        Ok(bytes)
    }

    /// Whether every file is described alike before its data and in the list, and none is there that the list leaves out.
    ///
    /// # Errors
    /// Says what is not so.
    pub(super) fn check(&mut self) -> Result<(), String> {
        self.archive.validate_header_consistency().map_err(|error| format!("the archive is refused: {error}"))
    }
}
