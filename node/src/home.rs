//! Where a node lives: one folder, and the name of every file in it.
//!
//! ```text
//! HOME/ config.toml                        what the operator chose
//!       network/                           charter and ticket
//!       keys/                              root.pem, publish.pem, node.pem
//!       logs/<key, 64 hex digits>/<first seq, 20 digits>.seg.zst the truth about the network
//!       blobs/                             attachments by hash, the same truth
//!       local/                             the truth about this node
//!       index/ search/                     derived, may be deleted at any time
//!       restored                           only in a home that came out of a backup and has not learnt where its log stands
//!       lock                               held by the process that uses the home
//!       api.sock                           the operator's API of the running node
//!       socket                             where that socket is, when it cannot be in the home
//! ```
//!
//! **The socket.** The path of a Unix socket may have about a hundred bytes. When `HOME/api.sock` has more, the running
//! node listens in a folder `nanduti-<user id>` of `$XDG_RUNTIME_DIR` or, without that, of the system's temporary
//! folder, under a name made from the hash of the home's canonical path, and writes the path to `HOME/socket`. Callers
//! read that file rather than derive the path again, because a service and a shell seldom have the same environment.
//! The temporary folder belongs to everybody, so the folder must be a real one, ours, with mode 0700: the node checks
//! before it listens, and a caller checks before it speaks, that it belongs to the owner of the home.
//!
//! Invariants: every folder is made with mode 0700; names of segments sort in the order of their sequence numbers.
//!
//! Absent: what the files contain. Every reader and writer has its own module.

use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::durable::{PRIVATE_FILE, create_private_dir, write_file_durably};

/// The longest path that every Unix accepts for a socket: the smallest field has 104 bytes with the closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The file `socket` holds one path; nothing longer is a path.
const SOCKET_FILE_BYTES_MAX: u64 = 4096;

/// The folder in which a node lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at a path, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { root: path.into() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Makes the home and its folders, mode 0700; what exists is left as it is.
    pub fn create(&self) -> Result<(), HomeError> {
        let folders = [
            self.root.clone(),
            self.network_dir(),
            self.keys_dir(),
            self.logs_dir(),
            self.blobs_dir(),
            self.local_dir(),
            self.index_dir(),
            self.search_dir(),
        ];
        for path in folders {
            create_private_dir(&path).map_err(|source| HomeError::Create { path, source })?;
        }
        let mode = fs::metadata(&self.root).map(|found| found.mode() & 0o777).unwrap_or(0);
        if mode & 0o077 != 0 {
            tracing::warn!(home = %self.root.display(), mode = format_args!("{mode:o}"), "others can look into the home; chmod 700 closes it");
        }
        Ok(())
    }

    /// `config.toml`.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `network/`: the charter and the ticket.
    pub fn network_dir(&self) -> PathBuf {
        self.root.join("network")
    }

    /// `keys/`.
    pub fn keys_dir(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// `logs/`: the segment files of every log.
    pub fn logs_dir(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// `logs/<key>/`: the segment files of the log of one key.
    pub fn log_dir(&self, log: &[u8; 32]) -> PathBuf {
        self.logs_dir().join(HEXLOWER.encode(log))
    }

    /// `logs/<key>/<first seq>.seg.zst`.
    pub fn segment_file(&self, log: &[u8; 32], first_seq: u64) -> PathBuf {
        self.log_dir(log).join(format!("{first_seq:020}.seg.zst"))
    }

    /// `blobs/`: attachments.
    pub fn blobs_dir(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// `local/`: what this node alone knows.
    pub fn local_dir(&self) -> PathBuf {
        self.root.join("local")
    }

    /// `index/`: derived from the segment files.
    pub fn index_dir(&self) -> PathBuf {
        self.root.join("index")
    }

    /// `search/`: derived from the segment files.
    pub fn search_dir(&self) -> PathBuf {
        self.root.join("search")
    }

    /// `restored`: the home came out of a backup, and does not sign yet.
    pub fn restored_file(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// `lock`: see [`HomeLock`](crate::HomeLock).
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Where the running node listens, for a caller. The socket need not exist: no node may be running.
    pub fn socket(&self) -> Result<PathBuf, HomeError> {
        let inside = self.root.join("api.sock");
        if fits(&inside) {
            return Ok(inside);
        }
        let file = self.socket_file();
        match fs::metadata(&file) {
            Ok(found) if found.len() > SOCKET_FILE_BYTES_MAX => return Err(HomeError::SocketFile { path: file }),
            Ok(_) => {}
            // No node has ever run here: nobody listens at this path, which is the answer.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(inside),
            Err(source) => return Err(HomeError::Read { path: file, source }),
        }
        let bytes = fs::read(&file).map_err(|source| HomeError::Read { path: file.clone(), source })?;
        let socket = PathBuf::from(std::ffi::OsString::from_vec(bytes));
        let Some(folder) = socket.parent().filter(|_| socket.is_absolute() && fits(&socket)) else {
            return Err(HomeError::SocketFile { path: file });
        };
        let owner =
            fs::metadata(&self.root).map_err(|source| HomeError::Read { path: self.root.clone(), source })?.uid();
        check_private(folder, owner)?;
        Ok(socket)
    }

    /// Where the node that starts here is to listen: makes the folder, if it is not the home, and leaves word of it in
    /// `HOME/socket`. Only the holder of the lock may call it. A socket left by a crash may still lie there.
    pub fn prepare_socket(&self) -> Result<PathBuf, HomeError> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
        self.prepare_socket_below(&runtime.unwrap_or_else(std::env::temp_dir))
    }

    fn prepare_socket_below(&self, shared: &Path) -> Result<PathBuf, HomeError> {
        let inside = self.root.join("api.sock");
        if fits(&inside) {
            return Ok(inside);
        }
        let canonical =
            fs::canonicalize(&self.root).map_err(|source| HomeError::Read { path: self.root.clone(), source })?;
        let hash = blake3::hash(canonical.as_os_str().as_bytes());
        let user = rustix::process::geteuid().as_raw();
        let folder = shared.join(format!("nanduti-{user}"));
        let socket = folder.join(format!("{}.sock", HEXLOWER.encode(&hash.as_bytes()[..12])));
        if !fits(&socket) || !socket.is_absolute() {
            return Err(HomeError::SocketPath { path: socket });
        }
        create_private_dir(&folder).map_err(|source| HomeError::Create { path: folder.clone(), source })?;
        check_private(&folder, user)?;
        let file = self.socket_file();
        write_file_durably(&file, socket.as_os_str().as_bytes(), PRIVATE_FILE)
            .map_err(|source| HomeError::Create { path: file, source })?;
        Ok(socket)
    }

    fn socket_file(&self) -> PathBuf {
        self.root.join("socket")
    }
}

fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX
}

/// A folder in a place that everybody can write to is ours only if it is no link, has our owner and nobody else's
/// permissions.
fn check_private(folder: &Path, owner: u32) -> Result<(), HomeError> {
    let found =
        fs::symlink_metadata(folder).map_err(|source| HomeError::Read { path: folder.to_path_buf(), source })?;
    if !found.is_dir() || found.uid() != owner || found.permissions().mode() & 0o077 != 0 {
        return Err(HomeError::Foreign { path: folder.to_path_buf() });
    }
    Ok(())
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A folder or file could not be made.
    #[error("cannot make {}", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder or file could not be looked at.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder for the socket is not one that only the owner of the home can write to.
    #[error("{} is not a private folder of the owner of this home: somebody else may have made it", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// The file `socket` does not hold the path of a socket.
    #[error("{} does not hold the path of a socket; start the node again to write it anew", path.display())]
    SocketFile {
        /// Which.
        path: PathBuf,
    },
    /// No path short enough for a socket was found.
    #[error("the path of the socket is too long or not absolute: {}; set XDG_RUNTIME_DIR to a short path", path.display())]
    SocketPath {
        /// Which.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::{UnixListener, UnixStream};

    fn long_home(dir: &Path) -> Home {
        let home = Home::at(dir.join("long".repeat(30)));
        home.create().unwrap();
        home
    }

    #[test]
    fn names_are_those_of_the_design() {
        let home = Home::at("/h");
        assert_eq!(home.config_file(), Path::new("/h/config.toml"));
        assert_eq!(home.lock_file(), Path::new("/h/lock"));
        let segment = home.segment_file(&[0xab; 32], 7);
        assert_eq!(segment, PathBuf::from(format!("/h/logs/{}/00000000000000000007.seg.zst", "ab".repeat(32))));
        assert!(home.segment_file(&[0; 32], u64::MAX) > home.segment_file(&[0; 32], 9));
    }

    #[test]
    fn every_folder_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        home.create().unwrap();
        home.create().unwrap();
        for path in [home.path().to_path_buf(), home.keys_dir(), home.logs_dir(), home.local_dir()] {
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700, "{}", path.display());
        }
    }

    #[test]
    fn a_short_home_holds_its_socket() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let home = Home::at(dir.path());
        assert_eq!(home.prepare_socket().unwrap(), dir.path().join("api.sock"));
        assert_eq!(home.socket().unwrap(), dir.path().join("api.sock"));
    }

    #[test]
    fn a_long_home_has_its_socket_elsewhere_and_callers_find_it() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let home = long_home(dir.path());
        let shared = dir.path().join("run");
        fs::create_dir(&shared).unwrap();
        let socket = home.prepare_socket_below(&shared).unwrap();
        assert!(socket.starts_with(&shared));
        assert_eq!(home.prepare_socket_below(&shared).unwrap(), socket, "the same at every start");
        assert_eq!(home.socket().unwrap(), socket);
        let _listener = UnixListener::bind(&socket).unwrap();
        UnixStream::connect(home.socket().unwrap()).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let home = long_home(dir.path());
        let socket = home.prepare_socket_below(dir.path()).unwrap();
        let folder = socket.parent().unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(home.socket(), Err(HomeError::Foreign { .. })));
        assert!(matches!(home.prepare_socket_below(dir.path()), Err(HomeError::Foreign { .. })));

        fs::remove_dir(folder).unwrap();
        let other = dir.path().join("other");
        create_private_dir(&other).unwrap();
        symlink(&other, folder).unwrap();
        assert!(matches!(home.socket(), Err(HomeError::Foreign { .. })), "a link is not followed");
    }

    #[test]
    fn nonsense_in_the_socket_file_is_named() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let home = long_home(dir.path());
        assert_eq!(home.socket().unwrap(), home.path().join("api.sock"), "nobody has ever listened");
        fs::write(home.socket_file(), "relative").unwrap();
        assert!(matches!(home.socket(), Err(HomeError::SocketFile { .. })));
        let long = dir.path().join("long".repeat(60));
        assert!(matches!(home.prepare_socket_below(&long), Err(HomeError::SocketPath { .. })));
    }
}
