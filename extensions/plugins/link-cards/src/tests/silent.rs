//! A host whose other servers never answer.

use fleuron_plugin::HostBackend;
use fleuron_plugin::testing::MemoryHost;

/// As the host in memory, but a request takes until the call's time is over: it panics, and nothing after it is done.
pub(super) struct Silent(pub(super) MemoryHost);

impl HostBackend for Silent {
    fn log(&self, level: &str, message: &str) {
        self.0.log(level, message);
    }

    fn get_config(&self, key: &str) -> Option<String> {
        self.0.get_config(key)
    }

    fn http_get(&self, url: &str) -> Option<String> {
        panic!("{url} has not answered in time")
    }

    fn http_post(&self, url: &str, _: &str) -> Option<String> {
        self.http_get(url)
    }

    fn get_data(&self, key: &str) -> Option<String> {
        self.0.get_data(key)
    }

    fn set_data(&self, key: &str, value: &str) -> bool {
        self.0.set_data(key, value)
    }

    fn get_post(&self, slug: &str) -> Option<String> {
        self.0.get_post(slug)
    }

    fn db_query(&self, sql: &str, params: Option<&str>) -> String {
        self.0.db_query(sql, params)
    }

    fn db_execute(&self, sql: &str, params: Option<&str>) -> String {
        self.0.db_execute(sql, params)
    }

    fn db_begin(&self) -> String {
        self.0.db_begin()
    }

    fn db_commit(&self) -> String {
        self.0.db_commit()
    }

    fn db_rollback(&self) -> String {
        self.0.db_rollback()
    }

    fn vfs_read(&self, path: &str) -> Option<String> {
        self.0.vfs_read(path)
    }

    fn vfs_write(&self, path: &str, content: &str) -> bool {
        self.0.vfs_write(path, content)
    }

    fn vfs_delete(&self, path: &str) -> bool {
        self.0.vfs_delete(path)
    }

    fn vfs_exists(&self, path: &str) -> bool {
        self.0.vfs_exists(path)
    }

    fn vfs_list(&self, path: &str) -> Option<String> {
        self.0.vfs_list(path)
    }

    fn vfs_stat(&self, path: &str) -> Option<String> {
        self.0.vfs_stat(path)
    }

    fn emit_event(&self, event_type: &str, data: &str) -> String {
        self.0.emit_event(event_type, data)
    }

    fn new_id(&self) -> String {
        self.0.new_id()
    }
}
