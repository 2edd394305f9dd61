import unittest

from fleuron import PostInput, PostOutput
from fleuron.testing import MemoryHost
from plugin import MyPlugin


class PluginTest(unittest.TestCase):
    def setUp(self):
        self.host = MemoryHost(MyPlugin())

    def test_a_post_without_a_slug_gets_one_from_its_title(self):
        post = self.host.call("on_post_creating", PostInput(title="Crème brûlée!", content=""))
        self.assertEqual(post.slug, "creme-brulee")
        post = self.host.call("on_post_creating", PostInput(title="Tea", content="", slug="mine"))
        self.assertEqual(post.slug, "mine")

    def test_the_note_stands_below_the_text(self):
        self.host.settings["note"] = "Salt & pepper"
        html = self.host.call("filter_html", "<p>Text</p>")
        self.assertEqual(html, "<p>Text</p>\n<p><em>Salt &amp; pepper</em></p>\n")

    def test_new_posts_are_logged_and_noted(self):
        self.host.call("on_post_created", PostOutput(id="1", title="Tea", slug="tea", content=""))
        self.assertEqual(self.host.log_lines, ["info: created: tea"])
        self.assertEqual(self.host.files["posts/1.json"], '{"slug": "tea", "title": "Tea"}')
