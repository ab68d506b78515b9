//! Backups of an open home, whether a node runs on it or not.

use std::path::PathBuf;

use super::{Engine, Handle, write::now_ms};
use crate::{
    api::{ApiError, Backup, BackupReply},
    backup::{BackupOptions, backup},
};

impl Handle<Backup> for Engine {
    async fn handle(&self, call: Backup) -> Result<BackupReply, ApiError> {
        let (home, member, own_log) = (self.home.clone(), self.member.clone(), self.own_log());
        let peer_id = self.node_key.peer_id().to_string();
        self.blocking(move |core| {
            let Backup { path, overwrite, all } = call;
            let path = PathBuf::from(path);
            let now_ms = now_ms();
            backup(core, &home, &BackupOptions { path: &path, overwrite, all, member, own_log, peer_id, now_ms })
        })
        .await
    }
}
