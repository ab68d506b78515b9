//! Doors for fuzz targets: the file of a backup, and what is in it behind a seal that holds.

use std::io::Cursor;

use super::{
    form::{FormReader, FormWriter, unpacked},
    made, restore,
    seal::SEAL_LEN,
};

/// The paths in a backup that would be restored.
pub fn backup(bytes: &[u8]) -> Option<Vec<String>> {
    let (_, manifest, _) = restore::check(&mut Cursor::new(bytes), &mut |_, _| {}).ok()?;
    Some(manifest.files.into_iter().map(|file| file.path).collect())
}

/// The same of a tar that was sealed, and the tar of what is in it, written again.
pub fn backup_tar(tar: &[u8]) -> Option<(Vec<String>, Vec<u8>)> {
    let sealed = made::sealed(tar);
    let paths = backup(&sealed)?;
    let packed = sealed.get(..sealed.len() - SEAL_LEN as usize)?;
    let mut reader = FormReader::new(unpacked(packed).ok()?).ok()?;
    let mut again = FormWriter::new(Vec::new()).ok()?;
    while let Some(item) = reader.next().ok()? {
        again.add(&item.path, &item.bytes).ok()?;
    }
    Some((paths, again.finish().ok()?))
}

/// The paths in a whole backup that holds this file too.
pub fn backup_with(path: &str, content: &[u8]) -> Option<Vec<String>> {
    let mut files = made::least();
    files.push((path.to_owned(), content.to_vec()));
    backup(&made::sealed(&made::tar(&made::with_manifest(files)).ok()?))
}
