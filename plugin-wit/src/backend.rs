//! Who answers host calls: the real host in WebAssembly, something replaceable elsewhere.

/// The host's side of [`host_api`](crate::host_api), one method per function; see there for what each answers.
///
/// Implement it to give a test a host of its own making, then hand it to
/// [`testing::install`](crate::testing::install).
pub trait HostBackend {
    /// Answers [`host_api::log`](crate::host_api::log).
    fn log(&self, level: &str, message: &str);
    /// Answers [`host_api::get_config`](crate::host_api::get_config).
    fn get_config(&self, key: &str) -> Option<String>;
    /// Answers [`host_api::http_get`](crate::host_api::http_get).
    fn http_get(&self, url: &str) -> Option<String>;
    /// Answers [`host_api::http_post`](crate::host_api::http_post).
    fn http_post(&self, url: &str, body: &str) -> Option<String>;
    /// Answers [`host_api::get_data`](crate::host_api::get_data).
    fn get_data(&self, key: &str) -> Option<String>;
    /// Answers [`host_api::set_data`](crate::host_api::set_data).
    fn set_data(&self, key: &str, value: &str) -> bool;
    /// Answers [`host_api::get_post`](crate::host_api::get_post).
    fn get_post(&self, slug: &str) -> Option<String>;
    /// Answers [`host_api::db_query`](crate::host_api::db_query).
    fn db_query(&self, sql: &str, params: Option<&str>) -> String;
    /// Answers [`host_api::db_execute`](crate::host_api::db_execute).
    fn db_execute(&self, sql: &str, params: Option<&str>) -> String;
    /// Answers [`host_api::db_begin`](crate::host_api::db_begin).
    fn db_begin(&self) -> String;
    /// Answers [`host_api::db_commit`](crate::host_api::db_commit).
    fn db_commit(&self) -> String;
    /// Answers [`host_api::db_rollback`](crate::host_api::db_rollback).
    fn db_rollback(&self) -> String;
    /// Answers [`host_api::vfs_read`](crate::host_api::vfs_read).
    fn vfs_read(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::vfs_write`](crate::host_api::vfs_write).
    fn vfs_write(&self, path: &str, content: &str) -> bool;
    /// Answers [`host_api::vfs_delete`](crate::host_api::vfs_delete).
    fn vfs_delete(&self, path: &str) -> bool;
    /// Answers [`host_api::vfs_exists`](crate::host_api::vfs_exists).
    fn vfs_exists(&self, path: &str) -> bool;
    /// Answers [`host_api::vfs_list`](crate::host_api::vfs_list).
    fn vfs_list(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::vfs_stat`](crate::host_api::vfs_stat).
    fn vfs_stat(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::emit_event`](crate::host_api::emit_event).
    fn emit_event(&self, event_type: &str, data: &str) -> String;
}

#[cfg(target_family = "wasm")]
mod active {
    //! Calls go to the imports without a table of functions between, so that the linker drops the imports that a
    //! plugin never calls.

    use super::HostBackend;
    use crate::bindings::raisfast::plugin_wit::host_api;

    pub(crate) struct Imports;

    impl HostBackend for Imports {
        fn log(&self, level: &str, message: &str) {
            host_api::log(level, message);
        }

        fn get_config(&self, key: &str) -> Option<String> {
            host_api::get_config(key)
        }

        fn http_get(&self, url: &str) -> Option<String> {
            host_api::http_get(url)
        }

        fn http_post(&self, url: &str, body: &str) -> Option<String> {
            host_api::http_post(url, body)
        }

        fn get_data(&self, key: &str) -> Option<String> {
            host_api::get_data(key)
        }

        fn set_data(&self, key: &str, value: &str) -> bool {
            host_api::set_data(key, value)
        }

        fn get_post(&self, slug: &str) -> Option<String> {
            host_api::get_post(slug)
        }

        fn db_query(&self, sql: &str, params: Option<&str>) -> String {
            host_api::db_query(sql, params)
        }

        fn db_execute(&self, sql: &str, params: Option<&str>) -> String {
            host_api::db_execute(sql, params)
        }

        fn db_begin(&self) -> String {
            host_api::db_begin()
        }

        fn db_commit(&self) -> String {
            host_api::db_commit()
        }

        fn db_rollback(&self) -> String {
            host_api::db_rollback()
        }

        fn vfs_read(&self, path: &str) -> Option<String> {
            host_api::vfs_read(path)
        }

        fn vfs_write(&self, path: &str, content: &str) -> bool {
            host_api::vfs_write(path, content)
        }

        fn vfs_delete(&self, path: &str) -> bool {
            host_api::vfs_delete(path)
        }

        fn vfs_exists(&self, path: &str) -> bool {
            host_api::vfs_exists(path)
        }

        fn vfs_list(&self, path: &str) -> Option<String> {
            host_api::vfs_list(path)
        }

        fn vfs_stat(&self, path: &str) -> Option<String> {
            host_api::vfs_stat(path)
        }

        fn emit_event(&self, event_type: &str, data: &str) -> String {
            host_api::emit_event(event_type, data)
        }
    }

    pub(crate) fn call<T>(answer: impl FnOnce(&Imports) -> T) -> T {
        answer(&Imports)
    }
}

#[cfg(not(target_family = "wasm"))]
mod active {
    //! One backend per thread, because tests run one to a thread.

    use std::cell::RefCell;
    use std::rc::Rc;

    use super::HostBackend;
    use crate::testing::MemoryHost;

    thread_local! {
        static BACKEND: RefCell<Rc<dyn HostBackend>> = RefCell::new(Rc::new(MemoryHost::default()));
    }

    pub(crate) fn install(backend: Rc<dyn HostBackend>) {
        BACKEND.with(|slot| *slot.borrow_mut() = backend);
    }

    pub(crate) fn call<T>(answer: impl FnOnce(&dyn HostBackend) -> T) -> T {
        let backend = BACKEND.with(|slot| Rc::clone(&slot.borrow()));
        answer(backend.as_ref())
    }
}

pub(crate) use active::call;
#[cfg(not(target_family = "wasm"))]
pub(crate) use active::install;
