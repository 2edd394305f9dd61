//! The plugin as the site calls it.

use fleuron_plugin::testing::{MemoryHost, Permission, Verdict};
use fleuron_plugin::{CallContext, CommentInput, Guest, data, row};

use super::CommentGuard;
use crate::memory::testing::host;
use crate::signals::testing::{NOW, comment};

const PLEASANT: &str = "What a helpful post, thank you! How did you measure the second chart?";
const SPAM: &str = "CHEAP REPLICA WATCHES!!!!! <a href=\"http://a.example/1\">BUY</a> http://b.example http://c.example \
    http://d.example http://e.example";
const DUBIOUS: &str =
    "Read more of it: http://a.example/1 http://b.example/2 http://c.example/3 www.d.example/4";

fn context(user: Option<&str>) -> CallContext {
    CallContext {
        hook: "on-comment-creating".to_owned(),
        parent_id: Some("post-1".to_owned()),
        kind: Some("comment".to_owned()),
        acting_user: user.map(str::to_owned),
        ..CallContext::default()
    }
}

fn guest(content: &str) -> CommentInput {
    comment("Ada", "ada@example.com", content)
}

/// Sends a comment and answers what the plugin said; it never changes one.
fn send(host: &MemoryHost, comment: &CommentInput) -> Option<Verdict> {
    host.set_context(context(None));
    assert_eq!(host.call(|| CommentGuard::on_comment_creating(comment.clone())), None);
    host.verdict()
}

fn tick(host: &MemoryHost, job: &str) {
    host.set_context(CallContext { hook: "on-cron-tick".to_owned(), ..CallContext::default() });
    host.call(|| CommentGuard::on_cron_tick(Some(job.to_owned())));
}

fn is_refused(verdict: Option<Verdict>) -> bool {
    matches!(verdict, Some(Verdict::Refused { .. }))
}

fn last_line(host: &MemoryHost) -> String {
    host.log_lines().pop().unwrap_or_default()
}

#[test]
fn pleasant_comments_pass() {
    let host = host();
    assert_eq!(send(&host, &guest(PLEASANT)), None);
    assert_eq!(host.log_lines(), ["debug: passed a comment on post-1: score 0.0"]);
}

#[test]
fn spam_is_refused_with_the_administrator_s_words() {
    let host = host();
    host.set_config("message", "No advertising, please.");
    let refused = Verdict::Refused { code: "spam".to_owned(), message: "No advertising, please.".to_owned() };
    assert_eq!(send(&host, &guest(SPAM)), Some(refused));
    let line = last_line(&host);
    assert!(line.starts_with("info: refused a comment on post-1: score 1"), "{line}");
    for reason in ["links +", "5 links, 2 allowed", "shouting +", "exclamation marks"] {
        assert!(line.contains(reason), "{reason} in {line}");
    }
    assert!(!line.contains("ada@example.com") && !line.contains("WATCHES"), "{line}");
}

#[test]
fn what_is_dubious_is_held() {
    let host = host();
    assert_eq!(send(&host, &guest(DUBIOUS)), Some(Verdict::Held));
    assert!(
        last_line(&host).starts_with("info: held a comment on post-1: score 5.5: links +5.5 ("),
        "{}",
        last_line(&host)
    );
}

#[test]
fn thresholds_are_the_administrator_s() {
    let host = host();
    host.set_config("hold_at", "50");
    host.set_config("refuse_at", "60");
    assert_eq!(send(&host, &guest(SPAM)), None);
    host.set_config("refuse_at", "5");
    assert!(is_refused(send(&host, &guest(DUBIOUS))));
}

#[test]
fn members_are_trusted_unless_they_are_not() {
    let host = host();
    host.set_context(context(Some("user-1")));
    host.call(|| CommentGuard::on_comment_creating(guest(SPAM)));
    assert_eq!((host.verdict(), host.log_lines()), (None, vec![]));
    host.set_config("check_members", "true");
    host.call(|| CommentGuard::on_comment_creating(guest(SPAM)));
    assert!(is_refused(host.verdict()));
}

#[test]
fn a_campaign_is_noticed() {
    let host = host();
    let text = "I lost everything until Doctor Ojo cast his powerful spell and my husband came back to me within two days";
    let husbands = ["husband", "wife", "brother", "dog", "job", "landlord"].into_iter().enumerate();
    let sent: Vec<Option<Verdict>> = husbands
        .map(|(number, husband)| {
            let email = format!("mary{number}@example.com");
            send(&host, &comment("Mary", &email, &text.replace("husband", husband)))
        })
        .collect();
    assert_eq!(sent[0], None, "the first one looks like any other");
    let noticed = host.log_lines().iter().filter(|line| line.contains("duplicates")).count();
    assert_eq!(noticed, 5, "{:#?}", host.log_lines());
    assert!(sent[3..].iter().all(Option::is_some), "{:#?}", host.log_lines());
}

#[test]
fn trust_outweighs_a_link_too_many() {
    let host = host();
    assert_eq!(send(&host, &guest(DUBIOUS)), Some(Verdict::Held));
    for number in 0..5 {
        let id = format!("comment-{number}");
        host.set_context(CallContext {
            entity_id: Some(id.clone()),
            hook: "on-comment-created".to_owned(),
            ..context(None)
        });
        host.call(|| CommentGuard::on_comment_created(guest(PLEASANT)));
        let approved = row! { "id" => id, "nickname" => "Ada", "content" => PLEASANT, "updated_at" => "2026-11-01T10:00:00.000Z" };
        host.seed_view("core_comments", [approved]).unwrap();
    }
    tick(&host, "learn");
    assert_eq!(last_line(&host), "info: learn: learned from 5 approved and 0 refused comments");
    let other = "For more of it: http://f.example/1 http://g.example/2 http://h.example/3 www.i.example/4";
    assert_eq!(send(&host, &guest(other)), None, "{}", last_line(&host));
    assert!(
        last_line(&host).contains("reputation -4.0 (5 comments of the address were approved)"),
        "{}",
        last_line(&host)
    );
}

#[test]
fn the_lesson_sticks() {
    let host = host();
    host.set_config("blocked_words", "casino\nroulette");
    for number in 0..30_u32 {
        let spam =
            format!("Play at our casino roulette {number} with a welcome bonus and free spins for everybody");
        assert!(
            is_refused(send(&host, &comment("Lucky", &format!("p{number}@example.com"), &spam))),
            "{}",
            last_line(&host)
        );
        let fine = format!("The {number}th figure of the article shows the margin of error, does it not?");
        let approved = row! {
            "id" => format!("{number:03}"), "nickname" => "Ada", "content" => fine, "updated_at" => "2026-11-01T10:00:00.000Z",
        };
        host.seed_view("core_comments", [approved]).unwrap();
    }
    tick(&host, "learn");
    assert_eq!(last_line(&host), "info: learn: learned from 30 approved and 30 refused comments");
    host.set_config("blocked_words", "");
    let new = "A welcome bonus, free spins: everybody should play!";
    assert_eq!(
        send(&host, &comment("Bob", "new@example.com", new)),
        Some(Verdict::Held),
        "{}",
        last_line(&host)
    );
    assert!(
        last_line(&host).contains("classifier +5.0 (spam with 99.8 % by its words)"),
        "{}",
        last_line(&host)
    );
    host.set_config("learn", "false");
    let newer = "Everybody plays with a bonus here, and spins are free.";
    assert_eq!(send(&host, &comment("Bob", "newer@example.com", newer)), None, "{}", last_line(&host));
}

#[test]
fn the_classifier_does_not_teach_itself() {
    let host = host();
    host.set_config("refuse_at", "4");
    crate::memory::corpus::set(
        crate::memory::corpus::Counts { ham: 100, spam: 100 },
        &["bonus", "spins"].map(|word| (word, crate::memory::corpus::Counts { ham: 0, spam: 50 })),
    );
    assert!(is_refused(send(&host, &guest("bonus spins"))));
    assert_eq!(data::table("refusals").count(), Ok(0));
    assert!(is_refused(send(&host, &guest(DUBIOUS))));
    assert_eq!(data::table("refusals").count(), Ok(1));
}

#[test]
fn without_its_tables_it_judges_by_sight() {
    let host = host();
    host.deny(Permission::Database);
    assert!(is_refused(send(&host, &guest(SPAM))));
    assert_eq!(send(&host, &guest(PLEASANT)), None);
    for words in
        ["duplicates was left out: not granted", "flood was left out", "could not be remembered: not granted"]
    {
        assert!(host.log_lines().iter().any(|line| line.contains(words)), "{words}: {:#?}", host.log_lines());
    }
}

#[test]
fn no_comment_is_too_strange() {
    let host = host();
    for content in [
        String::new(),
        "\u{0}\u{1}\u{7f}".to_owned(),
        "\u{202E}".repeat(10_000),
        "http://".repeat(1_000),
        "www.a.bc ".repeat(1_100),
        "a ".repeat(5_000),
        "\u{1F468}\u{200D}\u{1F469}".repeat(3_000),
        "\u{FDFA}".repeat(10_000),
        "[".repeat(10_000),
    ] {
        for (nickname, email) in [(None, None), (Some(content.clone()), Some("@@@".to_owned()))] {
            send(&host, &CommentInput { content: content.clone(), nickname, email, parent_id: None });
        }
    }
    assert!(
        host.log_lines().iter().all(|line| !line.starts_with("warn") && !line.starts_with("error")),
        "{:#?}",
        host.log_lines()
    );
}

#[test]
fn jobs_say_what_they_did() {
    let host = host();
    send(&host, &guest(SPAM));
    tick(&host, "clean-up");
    assert_eq!(last_line(&host), "info: clean-up: forgot 0 rows");
    host.set_clock((NOW.unsigned_abs() + 31 * 24 * 60 * 60) * 1000);
    tick(&host, "clean-up");
    assert_eq!(last_line(&host), "info: clean-up: forgot 2 rows", "the sighting and the text");
    host.set_config("learn", "false");
    tick(&host, "learn");
    assert_eq!(last_line(&host), "info: learn: learning is switched off");
    tick(&host, "dance");
    assert_eq!(last_line(&host), "info: dance: there is no such job");
}

#[test]
fn a_job_that_fails_says_so_to_the_site() {
    let host = host();
    host.deny(Permission::View("core_comments"));
    let run = std::panic::AssertUnwindSafe(|| tick(&host, "learn"));
    let failed = std::panic::catch_unwind(run).unwrap_err();
    let message = failed.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.starts_with("learn: not granted: `core_comments` needs \"read:comments\""), "{message}");
}

/// On a fresh site, which has learned nothing.
#[test]
fn people_are_told_from_spammers() {
    let people = [
        "Thanks!",
        "+1",
        "First! LOL :-)",
        "I think there is a typo in the 2nd paragraph: \"recieve\" should be \"receive\".",
        "Have you tried https://doc.rust-lang.org/std/ and https://crates.io/crates/serde? Both answer that.",
        "Danke f\u{FC}r den Artikel! Wie gro\u{DF} war der Unterschied in \u{B5}s genau?",
        "\u{421}\u{43F}\u{430}\u{441}\u{438}\u{431}\u{43E} \u{437}\u{430} \u{441}\u{442}\u{430}\u{442}\u{44C}\u{44E}! \u{41E}\u{447}\u{435}\u{43D}\u{44C} \u{43F}\u{43E}\u{43B}\u{435}\u{437}\u{43D}\u{43E}.",
        "\u{5199}\u{5F97}\u{5F88}\u{597D}\u{FF0C}\u{8BF7}\u{95EE}\u{7B2C}\u{4E8C}\u{5F20}\u{56FE}\u{662F}\u{600E}\u{4E48}\u{505A}\u{7684}\u{FF1F}",
        "```rust\nfn main() {\n    println!(\"{}\", 1);\n}\n```\nThis prints 1, not 2.",
        "> quoted text\n\nI disagree. NASA and ESA have both said otherwise, see www.nasa.gov.",
        "Noooooo! Why?! \u{1F602}\u{1F602}\u{1F602}",
        "DROP TABLE users; -- sorry, could not resist",
    ];
    let spammers = [
        (
            "BestSEO www.rank.example",
            "Great article! Visit http://rank.example http://rank.example/buy http://seo.example for more.",
        ),
        ("Viktor", "[url=http://pills.example]buy cheap pills[/url] [url=http://more.example]more[/url]"),
        (
            "Anna",
            "<a href=\"http://one.example\">one</a> <a href=\"http://two.example\">two</a> <a href=\"http://three.example\">three</a>",
        ),
        (
            "CRYPTO KING",
            "EARN $5000 A DAY!!!!! NO RISK!!!!! http://a.example http://b.example http://c.example",
        ),
        (
            "Eva",
            "Get your f\u{440}ee bonu\u{455} c\u{430}sino ch\u{456}ps and vi\u{200B}agra http://x.example",
        ),
    ];
    for content in people {
        let host = host();
        assert_eq!(
            send(&host, &comment("Jo", "jo@example.com", content)),
            None,
            "{content}: {}",
            last_line(&host)
        );
    }
    for (nickname, content) in spammers {
        let host = host();
        assert!(
            send(&host, &comment(nickname, "jo@example.com", content)).is_some(),
            "{content}: {}",
            last_line(&host)
        );
    }
}
