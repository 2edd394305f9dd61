use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fleuron_plugin::data::Row;
use fleuron_plugin::testing::{MemoryHost, Permission};
use fleuron_plugin::{CallContext, Guest};

use crate::RelatedPosts;
use crate::testing::{about, host, id, listed, number, post, publish, render, tag, tick, updated};

/// Posts as people write them, in two languages, in pairs about the same: 1 and 2, 3 and 4, and so on.
const TEXTS: [(&str, &str); 10] = [
    (
        "A loaf of sourdough",
        "Flour, water and salt are all that a sourdough loaf needs, and time. Feed the starter in the evening, mix the \
         dough in the morning, fold it every half hour and let it rest in the cold over night. The oven must be hot when \
         the loaf goes in, and the crust should sing when it comes out. Bakers call the holes in the crumb its eyes.",
    ),
    (
        "Keeping a starter alive",
        "A starter is flour and water in which wild yeast lives. Feed it with fresh flour, keep it in the cold while you \
         do not bake, and wake it a day before you want to mix a dough. A sour smell is good, pink is not. What you take \
         away when you feed it makes pancakes, so that no flour is wasted. Every baker has a jar that is older than the oven.",
    ),
    (
        "Sailing round the cape",
        "We left the harbour at dawn with two reefs in the mainsail. The wind stood against the tide and the waves were \
         short and steep. Behind the cape it became calmer, and the helmsman slept at last. A sailing boat is slow, but a \
         slow boat shows you the coast. In the evening we dropped the anchor in a bay where no other boat lay.",
    ),
    (
        "What to check before you sail",
        "Before a boat leaves the harbour, look at the rigging, the pumps and the sails. Read the weather and the tides for \
         the whole day. Tell somebody on the coast where you want to anchor in the evening. Wind against tide makes steep \
         waves, and a reef is taken in more easily before it is needed than in a storm off the cape.",
    ),
    (
        "Threads or tasks",
        "A server that starts a thread for each request runs out of memory before it runs out of work. A task is cheaper: \
         the scheduler polls it when its socket is ready and parks it meanwhile. But a task that computes for long holds up \
         all others on its thread, so computing belongs on threads of its own and waiting belongs in tasks.",
    ),
    (
        "How a scheduler steals work",
        "Each thread of the scheduler has a queue of tasks. When its own is empty it takes half of another's, so that no \
         thread is idle while tasks wait. A task that was polled and is not ready is parked until its socket wakes it. The \
         price is memory traffic between the threads, which is why most tasks stay on the thread that started them.",
    ),
    (
        "Wandern im Herbst",
        "Im Herbst sind die Wege im Gebirge leer und die H\u{FC}tten noch offen. Wer fr\u{FC}h aufbricht, sieht den Nebel \
         in den T\u{E4}lern liegen und die Gipfel dar\u{FC}ber. Feste Schuhe, eine Karte und etwas Warmes geh\u{F6}ren in den \
         Rucksack, denn nach Sonnenuntergang wird es schnell kalt. Der Abstieg dauert l\u{E4}nger, als man denkt.",
    ),
    (
        "Von H\u{FC}tte zu H\u{FC}tte",
        "Drei Tage lang wandern wir von einer H\u{FC}tte zur n\u{E4}chsten, immer unter den Gipfeln entlang. Am Morgen liegt \
         Nebel im Tal, mittags brennt die Sonne auf den Weg. Der Rucksack ist leichter, wenn man in den H\u{FC}tten isst. \
         Eine Karte des Gebirges ist Pflicht, und feste Schuhe sind es beim Abstieg \u{FC}ber das Ger\u{F6}ll auch.",
    ),
    (
        "Den Garten giessen",
        "Ein Garten braucht im Sommer Wasser am Morgen, bevor die Sonne hoch steht. Tomaten giesst man an der Wurzel und nie \
         auf die Bl\u{E4}tter. Eine Tonne unter dem Dach sammelt den Regen, und Mulch aus Stroh h\u{E4}lt den Boden feucht. \
         Wer selten und viel giesst, bekommt Pflanzen mit tiefen Wurzeln, die auch eine Woche ohne Regen \u{FC}berstehen.",
    ),
    (
        "Tomaten vom eigenen Beet",
        "Tomaten wollen Sonne, W\u{E4}rme und ein Dach gegen den Regen. Im Mai kommen die Pflanzen ins Beet, tief gesetzt, \
         damit sie viele Wurzeln bilden. Man giesst sie am Morgen, bricht die Seitentriebe aus und deckt den Boden mit Stroh. \
         Braune Bl\u{E4}tter von unten her sind ein Zeichen f\u{FC}r zu viel Wasser im Garten.",
    ),
];

fn library() -> impl Iterator<Item = Row> {
    TEXTS.iter().zip(1..).map(|((title, content), number)| post(number, title, content))
}

#[test]
fn posts_on_the_same_subject_find_each_other() {
    let host = host();
    publish(&host, library());
    for number in 1..=TEXTS.len() {
        let partner = if number % 2 == 1 { number + 1 } else { number - 1 };
        assert_eq!(listed(&host, number), [partner], "{}", TEXTS[number - 1].0);
    }
}

#[test]
fn the_section_stands_at_the_end_and_is_safe() {
    let host = host();
    host.set_config("title", "More & \"more\" <b>");
    let odd = about(2, "ships and harbours").with("title", "<script>alert(1)</script> & \"ships\"");
    let odd = odd.with("path", "/2020/\u{FC} \"x\">");
    publish(&host, [about(1, "ships and harbours"), odd]);
    let expected = "<p>The page.</p>\n<section class=\"related-posts\">\n<h2>More &amp; &quot;more&quot; &lt;b&gt;</h2>\n<ul>\n\
                    <li><a href=\"/2020/%C3%BC%20%22x%22%3E\">&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;ships&quot;</a></li>\n\
                    </ul>\n</section>\n";
    assert_eq!(render(&host, 1, Some(1)).as_deref(), Some(expected));
}

#[test]
fn a_page_that_has_the_section_stays_as_it_is() {
    let host = host();
    publish(&host, [about(1, "ships"), about(2, "ships")]);
    let page = render(&host, 1, Some(1)).unwrap();
    assert_eq!(host.call(|| RelatedPosts::filter_html(page)), None);
}

#[test]
fn what_is_no_post_gets_nothing() {
    let host = host();
    publish(&host, [about(1, "ships"), about(2, "ships")]);
    let entity_id = Some(id(1));
    for (kind, entity_id) in [(Some("page"), entity_id.clone()), (None, entity_id), (Some("post"), None)] {
        let kind = kind.map(str::to_owned);
        host.set_context(CallContext {
            hook: "filter-html".to_owned(),
            entity_id,
            kind,
            ..CallContext::default()
        });
        assert_eq!(host.call(|| RelatedPosts::filter_html("<p>x</p>".to_owned())), None);
        assert_eq!(host.statements(), 0);
    }
}

#[test]
fn a_site_without_other_posts_shows_nothing() {
    let host = host();
    assert_eq!(render(&host, 1, Some(1)), None, "a draft, in a preview");
    publish(&host, [about(1, "ships")]);
    assert_eq!(render(&host, 1, Some(1)), None);
    publish(&host, [about(1, "ships"), about(2, "sourdough bread")]);
    updated(&host, 2);
    assert_eq!(render(&host, 1, Some(1)), None, "nothing in common");
}

#[test]
fn short_posts_get_nothing_and_settings_say_how_short() {
    let host = host();
    publish(&host, [post(1, "Ships", "Ships in the harbour."), about(2, "ships in the harbour")]);
    assert_eq!(listed(&host, 1), []);
    assert_eq!(listed(&host, 2), [1], "but may be listed");
    host.set_config("minimum_words", "3");
    assert_eq!(listed(&host, 1), [2]);
}

#[test]
fn as_many_as_are_wanted_the_most_similar_first() {
    let host = host();
    publish(
        &host,
        [
            about(1, "ships harbours anchors sails"),
            about(2, "ships bread"),
            about(3, "ships harbours anchors bread"),
            about(4, "ships harbours bread"),
            about(5, "ships harbours anchors sails pumps"),
            about(6, "bread flour"),
            about(7, "bread yeast"),
        ],
    );
    assert_eq!(listed(&host, 1), [5, 3, 4]);
    host.set_config("count", "10");
    host.set_config("minimum_similarity", "0.01");
    assert_eq!(listed(&host, 1)[..4], [5, 3, 4, 2]);
    host.set_config("count", "1");
    assert_eq!(listed(&host, 1), [5]);
    host.set_config("minimum_similarity", "1");
    assert_eq!(listed(&host, 1), []);
}

#[test]
fn shared_tags_bring_posts_closer() {
    let host = host();
    let posts = [
        about(1, "ships and harbours"),
        about(2, "ships and harbours"),
        about(3, "ships and harbours"),
        about(4, "bread"),
        about(5, "flour"),
    ];
    publish(&host, posts);
    for post in [1, 2] {
        tag(&host, post, "rare");
    }
    for post in 1..=5 {
        tag(&host, post, "common");
    }
    assert_eq!(listed(&host, 1)[..2], [2, 3], "the same words, and a tag in common");
    tag(&host, 3, "rarest");
    tag(&host, 4, "rarest");
    assert!(!listed(&host, 4).contains(&3), "the index has not heard of it");
    updated(&host, 3);
    updated(&host, 4);
    assert_eq!(listed(&host, 4), [3], "no words in common, but a tag that no other post has");
}

#[test]
fn the_list_holds_published_posts_alone() {
    let host = host();
    publish(&host, (1..=12).map(|number| about(number, "ships")));
    assert_eq!(listed(&host, 1).len(), 3);
    let left = |number: usize| match number {
        1 | 2 => about(number, "ships"),
        _ => about(number, "ships").with("status", "draft"),
    };
    publish(&host, (1..=7).map(left));
    assert!(listed(&host, 1).iter().all(|number| *number == 2), "before the site has told of it");
    for number in 3..=12 {
        updated(&host, number);
    }
    assert_eq!(listed(&host, 1), [2]);
}

#[test]
fn a_page_that_is_rendered_before_the_site_tells_of_it_is_up_to_date() {
    let host = host();
    publish(&host, [about(1, "ships"), about(2, "ships"), about(3, "bread"), about(4, "bread")]);
    assert_eq!(listed(&host, 1), [2]);
    publish(
        &host,
        [
            about(1, "bread").with("version", 2),
            about(2, "ships"),
            about(3, "bread"),
            about(4, "bread"),
            about(5, "bread"),
        ],
    );
    let page = render(&host, 1, Some(2)).unwrap();
    assert!(page.contains("/post-3") && page.contains("/post-4") && !page.contains("/post-2"), "{page}");
    let page = render(&host, 5, Some(1)).unwrap();
    assert!(page.contains("/post-1") && !page.contains("/post-2"), "a new one: {page}");
    let (before, page) = (number("SELECT count(*) FROM documents"), render(&host, 5, Some(1)));
    assert!(page.is_some() && host.statements() <= 5, "{} statements", host.statements());
    assert_eq!(number("SELECT count(*) FROM documents"), before);
}

#[test]
fn what_was_published_just_before_is_listed_before_the_site_tells_of_it() {
    let host = host();
    publish(&host, [about(1, "bread")]);
    tick(&host, "advance");
    publish(&host, [about(1, "bread"), about(2, "ships"), about(3, "ships"), about(4, "bread")]);
    assert_eq!(listed(&host, 2), [3]);
    assert_eq!(listed(&host, 1), [4]);
    assert_eq!(host.statements(), 5, "the index is up to date");
}

#[test]
fn the_first_render_builds_the_index_of_a_small_site() {
    let host = host();
    publish(
        &host,
        (0..300).map(|number| about(number, if number % 2 == 0 { "ships and harbours" } else { "bread" })),
    );
    let page = render(&host, 0, Some(1)).unwrap();
    assert_eq!(page.matches("<li>").count(), 3);
    assert_eq!(number("SELECT count(*) FROM documents"), 300);
    assert_eq!(number("SELECT built FROM walk"), 1);
}

#[test]
fn renders_build_the_beginning_of_a_large_index_and_no_more() {
    let host = host();
    publish(&host, (0..2_000).map(|number| about(number, "ships and harbours")));
    for post in 0..5 {
        assert!(render(&host, post, Some(1)).is_some());
        assert!(host.statements() < 200, "{} statements", host.statements());
    }
    assert_eq!(number("SELECT count(*) FROM documents"), 400 + 20, "and the latest posts");
    assert!(render(&host, 1_900, Some(1)).is_some(), "one that the walk has not come to");
    assert_eq!(number("SELECT count(*) FROM documents"), 421);
    for _ in 0..4 {
        tick(&host, "advance");
    }
    assert_eq!(number("SELECT count(*) FROM documents"), 2_000);
}

#[test]
fn a_failure_ends_the_call_so_that_the_render_is_not_kept() {
    let host = host();
    publish(&host, [about(1, "ships"), about(2, "ships")]);
    host.deny(Permission::View("core_posts"));
    assert!(catch_unwind(AssertUnwindSafe(|| render(&host, 1, Some(1)))).is_err());
    host.grant(Permission::View("core_posts"));
    assert_eq!(listed(&host, 1), [2]);
}

/// Made-up posts of 300 words from a vocabulary in which, as in any language, few words are frequent and most are rare.
fn made_up(host: &MemoryHost, posts: usize) {
    let mut seed = 7_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut text = || {
        let word = |rank: f64| format!("w{}q ", (8_000_f64.powf(rank)) as u32);
        (0..300).map(|_| word(random())).collect::<String>()
    };
    publish(host, (0..posts).map(|number| post(number, "Made up", &text())));
}

#[test]
fn a_render_among_a_thousand_posts_is_quick() {
    let host = host();
    made_up(&host, 1_000);
    while number("SELECT done FROM walk") == 0 {
        tick(&host, "advance");
    }
    let begin = Instant::now();
    let renders = 50;
    for post in 0..renders {
        render(&host, post, Some(1));
        assert!(host.statements() <= 5, "{} statements", host.statements());
    }
    let each = begin.elapsed() / u32::try_from(renders).unwrap();
    println!("a render takes {each:?}");
    // Far above what it takes, and far below what a walk through all contents would.
    assert!(each < Duration::from_millis(100), "a render takes {each:?}");
}
