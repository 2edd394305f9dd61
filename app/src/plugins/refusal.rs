//! What a client hears when a plugin does not let something happen.

use fleuron_plugin_host::{Refusal, RefusalReason};

use crate::error::{ApiError, ErrorCode};

/// After how many seconds a plugin that rests may be asked again.
const REST: u64 = 30;

/// A refusal as a problem: in the plugin's own words where it meant to refuse; otherwise a plugin that must agree failed,
/// or rests after failures and was not asked.
pub(crate) fn refused(refusal: Refusal) -> ApiError {
    let plugin = refusal.plugin.to_string();
    let error = match &refusal.reason {
        RefusalReason::Refused { code, message } => {
            ApiError::new(ErrorCode::RefusedByPlugin, message).with_plugin_code(code)
        }
        RefusalReason::Failed(_) if refusal.is_unavailable() => {
            let detail = "A plugin that must agree to this is resting after failures. Try again shortly.";
            ApiError::new(ErrorCode::Unavailable, detail).retry_after(REST)
        }
        RefusalReason::Failed(_) => {
            let detail = "A plugin that must agree to this failed. Nothing was changed.";
            ApiError::new(ErrorCode::RefusedByPlugin, detail)
        }
    };
    error.by_plugin(plugin).caused_by(refusal)
}

#[cfg(test)]
mod tests {
    use fleuron_plugin_host::{CallError, HookPoint, Refusal, RefusalReason};

    use super::refused;
    use crate::error::Problem;

    fn problem(reason: RefusalReason) -> Problem {
        let plugin = "com.example.guard".parse().unwrap();
        refused(Refusal { plugin, hook: HookPoint::OnPostCreating, reason }).to_problem()
    }

    #[test]
    fn who_refuses_speaks_for_itself() {
        let reason = RefusalReason::Refused { code: "too-loud".into(), message: "Not so loud.".into() };
        let problem = problem(reason);
        assert_eq!((problem.status, problem.code.as_str()), (422, "refused_by_plugin"));
        assert_eq!(problem.detail, "Not so loud.");
        assert_eq!(problem.plugin.as_deref(), Some("com.example.guard"));
        assert_eq!(problem.plugin_code.as_deref(), Some("too-loud"));
    }

    #[test]
    fn who_fails_has_no_code() {
        for (error, status) in [(CallError::Trap("unreachable".into()), 422), (CallError::BreakerOpen, 503)] {
            let problem = problem(RefusalReason::Failed(error));
            assert_eq!((problem.status, problem.plugin_code), (status, None));
            assert!(!problem.detail.contains("unreachable"), "the cause is for the log");
        }
    }
}
