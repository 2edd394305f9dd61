//! Comments as a tree, of bounded depth: a page must not narrow to nothing, nor a template recurse without end.

use std::collections::HashMap;

use minijinja::Value;

use crate::{comments::Comment, ids::CommentId, themes::context::CommentContext};

/// Levels of a thread. Answers to the deepest stand beside it.
const DEPTH: usize = 8;

/// Makes a tree of comments that come oldest first. Answers to what is not among them stand at the top.
pub(super) fn tree(comments: Vec<(Comment, Value)>) -> Vec<CommentContext> {
    let parents = parents(&comments);
    let mut nodes: Vec<CommentContext> =
        comments.into_iter().map(|(comment, html)| context(&comment, html)).collect();
    let mut roots = Vec::new();
    // From the last on: whatever hangs on a comment came after it and is in place already.
    for parent in parents.into_iter().rev() {
        let Some(mut node) = nodes.pop() else { break };
        node.replies.reverse();
        match parent.and_then(|index| nodes.get_mut(index)) {
            Some(parent) => parent.replies.push(node),
            None => roots.push(node),
        }
    }
    roots.reverse();
    roots
}

/// For each comment the index of the one that it is shown under, always a smaller one.
fn parents(comments: &[(Comment, Value)]) -> Vec<Option<usize>> {
    let mut seen: HashMap<CommentId, usize> = HashMap::with_capacity(comments.len());
    let mut placed: Vec<(Option<usize>, usize)> = Vec::with_capacity(comments.len());
    for (index, (comment, _)) in comments.iter().enumerate() {
        let parent = comment.parent_id.and_then(|id| seen.get(&id).copied());
        let place = match parent.and_then(|parent| Some((parent, *placed.get(parent)?))) {
            None => (None, 1),
            Some((_, (grandparent, DEPTH))) => (grandparent, DEPTH),
            Some((parent, (_, level))) => (Some(parent), level + 1),
        };
        placed.push(place);
        seen.insert(comment.id, index);
    }
    placed.into_iter().map(|(parent, _)| parent).collect()
}

fn context(comment: &Comment, html: Value) -> CommentContext {
    CommentContext {
        id: comment.id.to_string(),
        author: comment.nickname.clone(),
        avatar_initial: initial(&comment.nickname),
        date: comment.created_at.to_rfc3339(),
        html,
        replies: Vec::new(),
    }
}

fn initial(name: &str) -> String {
    let letter = name.chars().find(|character| character.is_alphanumeric());
    letter.map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use minijinja::Value;

    use super::{CommentContext, initial, tree};
    use crate::{
        clock::Timestamp,
        comments::{Comment, CommentStatus},
        ids::{CommentId, PostId},
    };

    fn comment(name: &str, parent: Option<&Comment>) -> Comment {
        let now = Timestamp::from_millis(0);
        Comment {
            id: CommentId::generate(),
            post_id: PostId::generate(),
            parent_id: parent.map(|parent| parent.id),
            user_id: None,
            nickname: name.into(),
            email: None,
            content: String::new(),
            status: CommentStatus::Approved,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn shown(comments: &[Comment]) -> String {
        let comments = comments.iter().map(|comment| (comment.clone(), Value::UNDEFINED)).collect();
        written(&tree(comments))
    }

    fn written(comments: &[CommentContext]) -> String {
        let one = |comment: &CommentContext| match comment.replies.as_slice() {
            [] => comment.author.clone(),
            replies => format!("{}({})", comment.author, written(replies)),
        };
        comments.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn answers_hang_on_what_they_answer_in_order() {
        let a = comment("a", None);
        let b = comment("b", None);
        let c = comment("c", Some(&a));
        let d = comment("d", Some(&a));
        let e = comment("e", Some(&c));
        assert_eq!(shown(&[a, b, c, d, e]), "a(c(e) d) b");
    }

    #[test]
    fn orphans_and_circles_stand_at_the_top() {
        let gone = comment("gone", None);
        let orphan = comment("orphan", Some(&gone));
        let mut first = comment("first", None);
        let second = comment("second", Some(&first));
        first.parent_id = Some(second.id);
        assert_eq!(shown(&[orphan, first, second]), "orphan first(second)");
    }

    #[test]
    fn deep_answers_stand_beside_the_deepest_level() {
        let mut chain = vec![comment("1", None)];
        for number in 2..=10 {
            let next = comment(&number.to_string(), chain.last());
            chain.push(next);
        }
        assert_eq!(shown(&chain), "1(2(3(4(5(6(7(8 9 10)))))))");
    }

    #[test]
    fn initials_are_letters() {
        assert_eq!(initial("  ada"), "A");
        assert_eq!(initial("émile"), "É");
        assert_eq!(initial("!!!"), "?");
    }
}
