//! One test on both databases.

/// Writes each test twice: `name::sqlite` and `name::postgres`. The latter runs when `FLEURON_TEST_POSTGRES` names a
/// server, and says loudly that it does not otherwise. A site other than the default one is named by its builder.
///
/// ```ignore
/// both! {
///     async fn the_front_page_is_there(app: TestApp) { .. }
///     async fn floods_are_dammed(app: TestApp = TestApp::builder().comment_limit(2, HOUR)) { .. }
/// }
/// ```
#[macro_export]
macro_rules! both {
    ($(async fn $name:ident($app:ident: TestApp $(= $builder:expr)?) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn scenario($app: TestApp) $body

            fn builder() -> $crate::TestAppBuilder {
                $crate::both!(@builder $($builder)?)
            }

            #[tokio::test]
            async fn sqlite() {
                Box::pin(scenario(builder().spawn().await)).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(app) = builder().spawn_on_postgres().await {
                    Box::pin(scenario(app)).await;
                }
            }
        }
    )+};
    (@builder) => { TestApp::builder() };
    (@builder $builder:expr) => { $builder };
}
