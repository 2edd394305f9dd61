use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

struct Disk {
    folder: tempfile::TempDir,
    files: PluginFiles,
}

impl Disk {
    fn new(limits: FileLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = PluginFiles::new(&folder.path().join("files"), limits).unwrap();
        Self { folder, files }
    }

    fn home(&self, id: &PluginId) -> PathBuf {
        self.folder.path().join("files").join(id.as_str())
    }

    async fn write(&self, path: &str, content: &str) -> Result<(), PortError> {
        self.files.write(&plugin(), &file(path), content).await
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        self.files.read(&plugin(), &file(path)).await
    }

    async fn list(&self, folder: &str) -> Option<Vec<String>> {
        let folder = VfsPath::parse_folder(folder).unwrap();
        let mut names = self.files.list(&plugin(), &folder).await.unwrap()?;
        names.sort();
        Some(names)
    }
}

fn plugin() -> PluginId {
    PluginId::parse("com.example.one").unwrap()
}

fn file(path: &str) -> VfsPath {
    VfsPath::parse(path).unwrap()
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn nobody_else_on_the_machine_may_look_inside() {
    let disk = Disk::new(FileLimits::default());
    let mode = std::fs::metadata(disk.folder.path().join("files")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test]
async fn odd_names_come_back_exactly_and_never_alias() {
    let disk = Disk::new(FileLimits::default());
    let odd = [
        "a%2fb",
        "a/b",
        "A",
        "~x",
        "x#1",
        "#",
        "über/straße",
        "dot.",
        "space ",
        " lead",
        "%",
        "%2E",
        "...",
        "q?",
        "[]",
    ];
    for path in odd {
        disk.write(path, path).await.unwrap();
    }
    for path in odd {
        assert_eq!(disk.read(path).await.unwrap().as_deref(), Some(path), "{path}");
    }
    let mut expected = vec!["a/", "über/"];
    expected.extend(odd.iter().filter(|path| !path.contains('/')));
    expected.sort_unstable();
    assert_eq!(disk.list("").await, names(&expected));
    assert_eq!(disk.list("über").await, names(&["straße"]));
}

#[tokio::test]
async fn plugins_see_only_their_own() {
    let disk = Disk::new(FileLimits::default());
    disk.write("mine", "1").await.unwrap();
    for other in ["com.example.one.more", "com.example.on", "com.example"] {
        let other = PluginId::parse(other).unwrap();
        assert_eq!(disk.files.read(&other, &file("mine")).await.unwrap(), None);
        assert_eq!(disk.files.list(&other, &VfsPath::root()).await.unwrap(), Some(Vec::new()));
        disk.files.write(&other, &file("theirs"), "2").await.unwrap();
    }
    assert_eq!(disk.list("").await, names(&["mine"]));
}

#[tokio::test]
async fn files_and_folders_are_kept_apart() {
    let disk = Disk::new(FileLimits::default());
    disk.write("a/b", "1").await.unwrap();
    for (path, reason) in
        [("a", "`a` is a folder"), ("a/b/c", "`a/b` is a file"), ("a/b/c/d", "`a/b` is a file")]
    {
        let error = disk.write(path, "2").await.unwrap_err();
        assert!(error.0.contains(reason), "{error}");
        assert!(disk.read(path).await.unwrap_err().0.contains(reason));
    }
    let (files, id) = (&disk.files, plugin());
    assert!(files.delete(&id, &file("a")).await.unwrap_err().0.contains("only files"));
    assert!(!files.delete(&id, &file("a/b/c")).await.unwrap());
    assert!(files.list(&id, &file("a/b")).await.unwrap_err().0.contains("not a folder"));
    assert_eq!(files.stat(&id, &file("a/b/c")).await.unwrap(), None);
    assert!(files.stat(&id, &file("a")).await.unwrap().unwrap().is_dir);
    let stat = files.stat(&id, &file("a/b")).await.unwrap().unwrap();
    assert!(!stat.is_dir && stat.size == 1 && stat.modified > 1_600_000_000);
    assert!(files.delete(&id, &file("a/b")).await.unwrap());
    assert!(!files.exists(&id, &file("a")).await.unwrap());
    assert_eq!(disk.list("a").await, None);
    assert!(files.exists(&id, &VfsPath::root()).await.unwrap());
}

#[tokio::test]
async fn links_are_not_followed() {
    let disk = Disk::new(FileLimits::default());
    disk.write("real", "1").await.unwrap();
    let outside = disk.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    symlink(&outside, disk.home(&plugin()).join("folder")).unwrap();
    symlink(outside.join("secret"), disk.home(&plugin()).join("link")).unwrap();
    symlink("nowhere", disk.home(&plugin()).join("broken")).unwrap();
    for path in ["link", "folder/secret", "folder/new", "broken"] {
        let path = file(path);
        let (files, id) = (&disk.files, plugin());
        let refusals = [
            files.read(&id, &path).await.err(),
            files.write(&id, &path, "2").await.err(),
            files.delete(&id, &path).await.err(),
            files.exists(&id, &path).await.err(),
            files.stat(&id, &path).await.err(),
            files.list(&id, &path).await.err(),
        ];
        for refusal in refusals {
            assert!(refusal.unwrap().0.contains("symbolic link"), "{path}");
        }
    }
    assert_eq!(disk.list("").await, names(&["real"]));
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "secret");
    assert!(!outside.join("new").exists());
    let linked = PluginId::parse("com.example.linked").unwrap();
    symlink(&outside, disk.home(&linked)).unwrap();
    assert!(disk.files.read(&linked, &file("secret")).await.is_err());
    assert!(disk.files.list(&linked, &VfsPath::root()).await.is_err());
}

#[tokio::test]
async fn the_quota_counts_bytes_files_and_folders() {
    let limits = FileLimits { bytes: 100, files: 5, file_bytes: 60 };
    let disk = Disk::new(limits);
    assert!(disk.write("big", &"x".repeat(61)).await.unwrap_err().0.contains("60"));
    disk.write("a", &"x".repeat(60)).await.unwrap();
    let error = disk.write("b", &"x".repeat(41)).await.unwrap_err();
    assert!(error.0.contains("41") && error.0.contains("60 of 100"), "{error}");
    assert_eq!(disk.read("b").await.unwrap(), None);
    disk.write("a", "small").await.unwrap();
    disk.write("b", &"y".repeat(41)).await.unwrap();
    let error = disk.write("c/d/e/f", "1").await.unwrap_err();
    assert!(error.0.contains("2 of 5"), "{error}");
    disk.write("c/d/e", "1").await.unwrap();
    assert!(disk.write("g", "1").await.is_err());
    disk.write("c/d/e", "2").await.unwrap();
    assert!(disk.files.delete(&plugin(), &file("c/d/e")).await.unwrap());
    for name in ["g", "h", "i"] {
        disk.write(name, "1").await.unwrap();
    }
    assert!(disk.write("j", "1").await.is_err());
    // A new process counts the same.
    let again = PluginFiles::new(&disk.folder.path().join("files"), limits).unwrap();
    assert!(again.write(&plugin(), &file("j"), "1").await.is_err());
    assert!(again.delete(&plugin(), &file("g")).await.unwrap());
    again.write(&plugin(), &file("j"), "1").await.unwrap();
}

#[tokio::test]
async fn writes_at_once_do_not_outrun_the_quota() {
    let disk = Arc::new(Disk::new(FileLimits { bytes: 50, files: 100, file_bytes: 10 }));
    let writes: Vec<_> = (0..20)
        .map(|number| {
            let disk = Arc::clone(&disk);
            tokio::spawn(async move { disk.write(&format!("f{number}"), "0123456789").await.is_ok() })
        })
        .collect();
    let mut done = 0;
    for write in writes {
        done += usize::from(write.await.unwrap());
    }
    assert_eq!(done, 5);
    assert_eq!(disk.list("").await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_failed_write_leaves_the_old_content() {
    let disk = Disk::new(FileLimits { file_bytes: 10, ..FileLimits::default() });
    disk.write("a", "old").await.unwrap();
    assert!(disk.write("a", "far too long a text").await.is_err());
    assert_eq!(disk.read("a").await.unwrap().as_deref(), Some("old"));
    assert!(disk.write(&"n".repeat(250), "1").await.unwrap_err().0.contains("too long"));
    assert!(disk.read(&"n".repeat(300)).await.is_err());
    std::fs::write(disk.home(&plugin()).join("bytes"), [0xff, 0xfe]).unwrap();
    assert!(disk.read("bytes").await.unwrap_err().0.contains("not UTF-8"));
    std::fs::write(disk.home(&plugin()).join("huge"), [b'x'; 11]).unwrap();
    assert!(disk.read("huge").await.unwrap_err().0.contains("11 bytes"));
}
