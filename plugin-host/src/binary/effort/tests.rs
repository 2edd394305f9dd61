//! What is refused before it is compiled, and what is not.

use super::super::{Bounds, Kind, kind};

fn refusal(body: &str, locals: usize) -> Option<String> {
    let locals = "i32 ".repeat(locals);
    let module = format!(
        "(module (type $many (func (result {many}))) (import \"a\" \"a\" (func $many (type $many)))
         (func (param i32) (local {locals}) {body}))",
        many = "i32 ".repeat(1000)
    );
    let bytes = wat::parse_str(module).expect("a module");
    assert_eq!(
        kind(&bytes, Bounds::OwnProcess),
        Ok(Kind::PlainModule),
        "a process of its own has other limits"
    );
    match kind(&bytes, Bounds::Counted) {
        Ok(found) => {
            assert_eq!(found, Kind::PlainModule);
            None
        }
        Err(reason) => Some(reason),
    }
}

fn change_all(locals: usize) -> String {
    (1..=locals).map(|local| format!("(local.set {local} (local.get {local}))")).collect()
}

fn loops(depth: usize, locals: usize) -> Option<String> {
    let body = change_all(locals);
    let body = format!("{}{body}{}", "loop ".repeat(depth), "local.get 0 br_if 0 end ".repeat(depth));
    refusal(&body, locals)
}

#[test]
fn refuses_many_locals_changed_in_nested_loops() {
    assert_eq!(loops(10, 1000), None);
    assert!(loops(60, 2000).is_some_and(|reason| reason.contains("120000 changed locals")));
    assert!(loops(300, 1).is_some_and(|reason| reason.contains("300 loops within each other")));
}

#[test]
fn refuses_many_locals_changed_in_nested_blocks() {
    let nested = |depth: usize, locals: usize| {
        let open = "block ".repeat(depth);
        let close: String = (0..depth).map(|_| "local.get 0 br_if 0 end ").collect();
        refusal(&format!("{open}{}{close}", change_all(locals)), locals)
    };
    assert_eq!(nested(50, 500), None);
    assert!(nested(300, 1000).is_some_and(|reason| reason.contains("changed locals")));
}

#[test]
fn an_interpreters_switch_is_no_such_thing() {
    let cases = 1000_usize;
    let targets: String = (0..=cases).map(|case| format!("{case} ")).collect();
    let case = |case: usize| format!("end (local.set {} (local.get 0)) br {} ", case % 200 + 1, cases - case);
    let body: String = (0..cases).map(case).collect();
    let body = format!("loop {} local.get 0 br_table {targets} {body} end end", "block ".repeat(cases + 1));
    assert_eq!(refusal(&body, 200), None);
}

#[test]
fn refuses_many_joins_with_many_locals() {
    let joins = "block local.get 0 br_if 0 end ".repeat(20_000);
    let body = |locals| format!("{}{joins}", change_all(locals));
    assert_eq!(refusal(&body(100), 100), None);
    assert!(refusal(&body(2000), 2000).is_some_and(|reason| reason.contains("pairs of a local")));
}

#[test]
fn refuses_many_results() {
    let body = |calls| format!("call $many {}", "drop ".repeat(1000)).repeat(calls);
    assert_eq!(refusal(&body(100), 0), None);
    assert!(refusal(&body(600), 0).is_some_and(|reason| reason.contains("calls give")));
}

#[test]
fn refuses_a_function_of_more_than_a_mebibyte() {
    assert!(refusal(&"call 1 ".repeat(600_000), 0).is_some_and(|reason| reason.contains("bytes")));
}
