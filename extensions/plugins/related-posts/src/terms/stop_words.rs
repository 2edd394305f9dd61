//! Words that stand in every text and say nothing about any.

/// Whether a word is in a list, which is in order.
pub(super) fn is_in(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

/// English ones, also what an apostrophe leaves of them.
#[rustfmt::skip]
pub(super) const ENGLISH: [&str; 235] = [
    "about", "above", "after", "again", "against", "all", "also", "always", "am", "an", "and", "another",
    "any", "are", "aren", "around", "as", "at", "away", "back", "be", "became", "because", "become", "been",
    "before", "being", "below", "between", "both", "but", "by", "came", "can", "cannot", "come", "could",
    "couldn", "did", "didn", "do", "does", "doesn", "doing", "don", "done", "down", "during", "each",
    "either", "else", "enough", "even", "ever", "every", "few", "first", "for", "from", "further", "get",
    "gets", "give", "go", "goes", "going", "gone", "got", "had", "has", "hasn", "have", "haven", "having",
    "he", "her", "here", "hers", "herself", "him", "himself", "his", "how", "however", "if", "in", "instead",
    "into", "is", "isn", "it", "its", "itself", "just", "keep", "know", "last", "least", "less", "let",
    "like", "ll", "made", "make", "makes", "many", "may", "maybe", "me", "might", "mine", "more", "most",
    "much", "must", "mustn", "my", "myself", "need", "never", "new", "next", "no", "nor", "not", "nothing",
    "now", "of", "off", "often", "on", "once", "one", "only", "onto", "or", "other", "others", "our", "ours",
    "out", "over", "own", "per", "perhaps", "put", "quite", "rather", "re", "really", "said", "same", "say",
    "says", "see", "seem", "shall", "she", "should", "shouldn", "since", "so", "some", "something", "soon",
    "still", "such", "take", "than", "that", "the", "their", "theirs", "them", "themselves", "then", "there",
    "these", "they", "thing", "things", "this", "those", "though", "three", "through", "thus", "to",
    "together", "too", "toward", "two", "under", "until", "up", "upon", "us", "use", "used", "using", "ve",
    "very", "via", "want", "was", "wasn", "way", "we", "well", "went", "were", "weren", "what", "when",
    "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with", "within", "without",
    "won", "would", "wouldn", "yes", "yet", "you", "your", "yours", "yourself",
];

/// German ones.
#[rustfmt::skip]
pub(super) const GERMAN: [&str; 226] = [
    "ab", "aber", "alle", "allem", "allen", "aller", "alles", "als", "also", "am", "an", "andere", "anderem",
    "anderen", "anderer", "anderes", "ans", "auch", "auf", "aus", "bei", "beim", "bereits", "bin", "bis",
    "bist", "da", "dabei", "dadurch", "daf\u{FC}r", "dagegen", "daher", "damit", "danach", "dann", "daran",
    "darauf", "darf", "darin", "dar\u{FC}ber", "das", "dass", "davon", "dazu", "dein", "deine", "dem", "den",
    "denen", "denn", "der", "deren", "des", "deshalb", "dessen", "die", "dies", "diese", "diesem", "diesen",
    "dieser", "dieses", "doch", "dort", "du", "durch", "eben", "ein", "eine", "einem", "einen", "einer",
    "eines", "einige", "einmal", "er", "es", "etwa", "etwas", "euch", "euer", "eure", "f\u{FC}r", "ganz",
    "gar", "gegen", "gehabt", "gewesen", "gibt", "habe", "haben", "hat", "hatte", "hatten", "hier", "hin",
    "hinter", "ich", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "im", "immer", "in",
    "ins", "ist", "ja", "je", "jede", "jedem", "jeden", "jeder", "jedes", "jene", "jetzt", "kann", "kannst",
    "kein", "keine", "keinem", "keinen", "keiner", "k\u{F6}nnen", "k\u{F6}nnte", "machen", "macht", "mal",
    "man", "manche", "mehr", "mein", "meine", "meinem", "meinen", "meiner", "mich", "mir", "mit", "muss",
    "musste", "m\u{FC}ssen", "nach", "nachdem", "nicht", "nichts", "noch", "nun", "nur", "ob", "oder", "ohne",
    "schon", "sehr", "sei", "seid", "sein", "seine", "seinem", "seinen", "seiner", "seit", "selbst", "sich",
    "sie", "sind", "so", "sogar", "solche", "soll", "sollen", "sollte", "sondern", "sonst", "sowie", "um",
    "und", "uns", "unser", "unsere", "unter", "viel", "viele", "vom", "von", "vor", "wann", "war", "waren",
    "warum", "was", "weg", "weil", "weiter", "welche", "welcher", "welches", "wenn", "wer", "werde", "werden",
    "wie", "wieder", "will", "wir", "wird", "wirst", "wo", "wohl", "wollen", "worden", "wurde", "wurden",
    "w\u{E4}hrend", "w\u{FC}rde", "w\u{FC}rden", "zu", "zum", "zur", "zwar", "zwischen", "\u{FC}ber",
];

#[cfg(test)]
mod tests {
    use super::{ENGLISH, GERMAN, is_in};

    #[test]
    fn the_lists_are_in_order_and_without_repetition() {
        for list in [&ENGLISH[..], &GERMAN[..]] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
            assert!(list.iter().all(|word| word.chars().count() >= 2 && word.to_lowercase() == *word));
        }
        assert!(is_in(&ENGLISH, "the") && is_in(&GERMAN, "f\u{FC}r") && !is_in(&ENGLISH, "ship"));
    }
}
