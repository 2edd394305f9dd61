//! The texts. Those that change something build on those before them.

/// The schema, as a plugin's first migration brings it.
pub(super) const SCHEMA: &str = r#"
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    price REAL NOT NULL CHECK (price >= 0),
    stock INTEGER NOT NULL DEFAULT 0,
    label TEXT GENERATED ALWAYS AS (name || ' at ' || price) VIRTUAL
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    placed_at TEXT NOT NULL
);
CREATE INDEX orders_by_product ON orders (product_id);
CREATE TABLE audit (id INTEGER PRIMARY KEY, words TEXT);
CREATE TRIGGER orders_audit AFTER INSERT ON orders BEGIN
    INSERT INTO audit(words) VALUES ('order ' || new.id);
END;
CREATE VIEW revenue AS
    SELECT products.name AS name, sum(quantity * price) AS total
    FROM orders JOIN products ON products.id = product_id GROUP BY products.id;
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER, name TEXT);
CREATE TABLE "odd ""name""" ("a column" TEXT, "select" INTEGER);
CREATE TABLE things (id INTEGER PRIMARY KEY, data BLOB, document TEXT);
"#;

/// The rows, as the second one does; one statement after the other, with a comment that holds a semicolon.
pub(super) const SEEDS: &str = r#"
-- First the products; then everything else.
INSERT INTO products(id, name, price, stock) VALUES (1, 'Tea', 2.5, 10), (2, 'Coffee', 4.0, 0), (3, 'Ähre', 1.25, 3);
INSERT INTO orders(product_id, quantity, placed_at)
    VALUES (1, 2, '2026-01-01T10:00:00Z'), (2, 1, '2026-01-02T10:00:00Z'), (1, 3, '2026-02-01T09:30:00Z');
INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'left'), (3, 1, 'right'), (4, 2, 'leaf');
INSERT INTO "odd ""name""" VALUES ('x', 1);
INSERT INTO things VALUES (1, x'00ff10', '{"tags":["a","b"],"deep":{"n":7}}');
"#;

/// What a constraint forbids, and a word of the reason.
pub(super) const CONSTRAINED: [(&str, &str); 5] = [
    ("INSERT INTO products(name, price) VALUES ('tea', 1)", "UNIQUE"),
    ("INSERT INTO products(name, price) VALUES ('Dear', -1)", "CHECK"),
    ("INSERT INTO products(name, price) VALUES (NULL, 1)", "NOT NULL"),
    ("INSERT INTO orders(product_id, quantity, placed_at) VALUES (99, 1, 'now')", "FOREIGN KEY"),
    ("UPDATE products SET id = 1 WHERE id = 3", "UNIQUE"),
];

/// The call, the text, its parameters (none: empty) and the answer.
pub(super) const ALLOWED: &[(&str, &str, &str, &str)] = &[
    ("db-query", "SELECT 1 AS one", "", r#"[{"one": 1}]"#),
    ("db-query", "SELECT 1 AS one;", "", r#"[{"one": 1}]"#),
    ("db-query", "/* what */ SELECT 1 AS one; -- done", "", r#"[{"one": 1}]"#),
    (
        "db-query",
        "SELECT 1.5 AS number, 'words' AS words, NULL AS none, x'00ff' AS bytes",
        "",
        r#"[{"number": 1.5, "words": "words", "none": null, "bytes": "AP8="}]"#,
    ),
    (
        "db-query",
        "SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e",
        "[null, true, false, 42, 2.5]",
        r#"[{"a": null, "b": 1, "c": 0, "d": 42, "e": 2.5}]"#,
    ),
    (
        "db-query",
        "SELECT ? AS a, ? AS b, ? AS c",
        r#"["hällo", [1, 2], {"k": "v"}]"#,
        r#"[{"a": "hällo", "b": "[1, 2]", "c": "{\"k\": \"v\"}"}]"#,
    ),
    (
        "db-query",
        "SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, typeof(?) AS d",
        r#"[null, true, 0.5, ""]"#,
        r#"[{"a": "null", "b": "integer", "c": "real", "d": "text"}]"#,
    ),
    (
        "db-query",
        "SELECT ? AS big, ? AS small",
        "[9223372036854775807, -9223372036854775808]",
        r#"[{"big": 9223372036854775807, "small": -9223372036854775808}]"#,
    ),
    (
        "db-query",
        "SELECT ? AS quoted",
        r#"["it's \"quoted\"; DROP TABLE products --"]"#,
        r#"[{"quoted": "it's \"quoted\"; DROP TABLE products --"}]"#,
    ),
    (
        "db-query",
        "SELECT 'a ? in a text' AS a, ? AS b -- and ? in a comment",
        "[1]",
        r#"[{"a": "a ? in a text", "b": 1}]"#,
    ),
    (
        "db-query",
        "SELECT 'PRAGMA; ATTACH; sqlite_master' AS words",
        "",
        r#"[{"words": "PRAGMA; ATTACH; sqlite_master"}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products ORDER BY id",
        "",
        r#"[{"name": "Tea"}, {"name": "Coffee"}, {"name": "Ähre"}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products WHERE price > ? ORDER BY price",
        "[2]",
        r#"[{"name": "Tea"}, {"name": "Coffee"}]"#,
    ),
    ("db-query", "SELECT name FROM products WHERE name = 'TEA'", "", r#"[{"name": "Tea"}]"#),
    ("db-query", "SELECT name FROM products WHERE name LIKE 't%'", "", r#"[{"name": "Tea"}]"#),
    (
        "db-query",
        "SELECT name FROM products WHERE name GLOB '[CT]*' ORDER BY id",
        "",
        r#"[{"name": "Tea"}, {"name": "Coffee"}]"#,
    ),
    (
        "db-query",
        "SELECT '50%' LIKE '50!%' ESCAPE '!' AS yes, '500' LIKE '50!%' ESCAPE '!' AS no",
        "",
        r#"[{"yes": 1, "no": 0}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products ORDER BY name COLLATE BINARY DESC LIMIT 1",
        "",
        r#"[{"name": "Ähre"}]"#,
    ),
    ("db-query", "SELECT name FROM products WHERE price BETWEEN 2 AND 3", "", r#"[{"name": "Tea"}]"#),
    ("db-query", "SELECT id FROM products ORDER BY id LIMIT ? OFFSET ?", "[1, 1]", r#"[{"id": 2}]"#),
    (
        "db-query",
        "SELECT DISTINCT product_id FROM orders ORDER BY 1",
        "",
        r#"[{"product_id": 1}, {"product_id": 2}]"#,
    ),
    (
        "db-query",
        "SELECT parent FROM tree ORDER BY parent DESC NULLS LAST",
        "",
        r#"[{"parent": 2}, {"parent": 1}, {"parent": 1}, {"parent": null}]"#,
    ),
    ("db-query", "SELECT name FROM products WHERE (id, stock) = (1, 10)", "", r#"[{"name": "Tea"}]"#),
    ("db-query", "SELECT NULL IS NOT DISTINCT FROM NULL AS same", "", r#"[{"same": 1}]"#),
    (
        "db-query",
        "SELECT count(*) AS n, sum(stock) AS stock, round(avg(price), 2) AS mean, min(name) AS first, max(price) AS most FROM products",
        "",
        r#"[{"n": 3, "stock": 13, "mean": 2.58, "first": "Coffee", "most": 4.0}]"#,
    ),
    (
        "db-query",
        "SELECT total(stock) AS t, sum(stock) AS s FROM products WHERE 0",
        "",
        r#"[{"t": 0.0, "s": null}]"#,
    ),
    (
        "db-query",
        "SELECT group_concat(name, ', ') AS names FROM (SELECT name FROM products ORDER BY id)",
        "",
        r#"[{"names": "Tea, Coffee, Ähre"}]"#,
    ),
    (
        "db-query",
        "SELECT product_id, sum(quantity) AS n FROM orders GROUP BY product_id HAVING n > 1",
        "",
        r#"[{"product_id": 1, "n": 5}]"#,
    ),
    (
        "db-query",
        "SELECT o.id, p.name FROM orders o JOIN products p ON p.id = o.product_id ORDER BY o.id",
        "",
        r#"[{"id": 1, "name": "Tea"}, {"id": 2, "name": "Coffee"}, {"id": 3, "name": "Tea"}]"#,
    ),
    (
        "db-query",
        "SELECT p.name, count(o.id) AS n FROM products p LEFT JOIN orders o ON o.product_id = p.id GROUP BY p.id ORDER BY p.id",
        "",
        r#"[{"name": "Tea", "n": 2}, {"name": "Coffee", "n": 1}, {"name": "Ähre", "n": 0}]"#,
    ),
    (
        "db-query",
        "SELECT count(*) AS n FROM orders o FULL JOIN products p ON p.id = o.product_id AND o.quantity > 2",
        "",
        r#"[{"n": 5}]"#,
    ),
    ("db-query", "SELECT count(*) AS n FROM products, orders", "", r#"[{"n": 9}]"#),
    (
        "db-query",
        "SELECT c.name AS child, p.name AS parent FROM tree c JOIN tree p ON p.id = c.parent ORDER BY c.id",
        "",
        r#"[{"child": "left", "parent": "root"}, {"child": "right", "parent": "root"}, {"child": "leaf", "parent": "left"}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products p WHERE EXISTS (SELECT 1 FROM orders WHERE product_id = p.id) ORDER BY id",
        "",
        r#"[{"name": "Tea"}, {"name": "Coffee"}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products WHERE id NOT IN (SELECT product_id FROM orders)",
        "",
        r#"[{"name": "Ähre"}]"#,
    ),
    (
        "db-query",
        "SELECT (SELECT name FROM products WHERE id = 1) AS name, (SELECT count(*) FROM orders) AS n",
        "",
        r#"[{"name": "Tea", "n": 3}]"#,
    ),
    ("db-query", "SELECT 2 AS n UNION SELECT 1 UNION SELECT 2 ORDER BY n", "", r#"[{"n": 1}, {"n": 2}]"#),
    ("db-query", "SELECT 1 AS n UNION ALL SELECT 1", "", r#"[{"n": 1}, {"n": 1}]"#),
    (
        "db-query",
        "SELECT id FROM products INTERSECT SELECT product_id FROM orders",
        "",
        r#"[{"id": 1}, {"id": 2}]"#,
    ),
    ("db-query", "SELECT id FROM products EXCEPT SELECT product_id FROM orders", "", r#"[{"id": 3}]"#),
    (
        "db-query",
        "VALUES (1, 'a'), (2, 'b')",
        "",
        r#"[{"column1": 1, "column2": "a"}, {"column1": 2, "column2": "b"}]"#,
    ),
    (
        "db-query",
        "WITH cheap AS (SELECT * FROM products WHERE price < 3) SELECT count(*) AS n FROM cheap",
        "",
        r#"[{"n": 2}]"#,
    ),
    (
        "db-query",
        "WITH a AS (SELECT 1 AS n), b AS MATERIALIZED (SELECT n + 1 AS n FROM a) SELECT a.n AS a, b.n AS b FROM a, b",
        "",
        r#"[{"a": 1, "b": 2}]"#,
    ),
    ("db-query", "WITH users AS (SELECT 1 AS id) SELECT id FROM users", "", r#"[{"id": 1}]"#),
    (
        "db-query",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT sum(i) AS s FROM n",
        "",
        r#"[{"s": 5050}]"#,
    ),
    (
        "db-query",
        "WITH RECURSIVE path(id, name) AS (SELECT id, name FROM tree WHERE parent IS NULL UNION ALL SELECT tree.id, path.name || '/' || tree.name FROM tree JOIN path ON tree.parent = path.id) SELECT name FROM path ORDER BY id",
        "",
        r#"[{"name": "root"}, {"name": "root/left"}, {"name": "root/right"}, {"name": "root/left/leaf"}]"#,
    ),
    (
        "db-query",
        "SELECT name, row_number() OVER (ORDER BY price DESC) AS place FROM products ORDER BY place",
        "",
        r#"[{"name": "Coffee", "place": 1}, {"name": "Tea", "place": 2}, {"name": "Ähre", "place": 3}]"#,
    ),
    (
        "db-query",
        "SELECT id, sum(quantity) OVER (ORDER BY id) AS running FROM orders ORDER BY id",
        "",
        r#"[{"id": 1, "running": 2}, {"id": 2, "running": 3}, {"id": 3, "running": 6}]"#,
    ),
    (
        "db-query",
        "SELECT id, lag(id) OVER w AS before, lead(id) OVER w AS after FROM orders WINDOW w AS (ORDER BY id)",
        "",
        r#"[{"id": 1, "before": null, "after": 2}, {"id": 2, "before": 1, "after": 3}, {"id": 3, "before": 2, "after": null}]"#,
    ),
    (
        "db-query",
        "SELECT id, rank() OVER (PARTITION BY product_id ORDER BY quantity DESC) AS place FROM orders ORDER BY id",
        "",
        r#"[{"id": 1, "place": 2}, {"id": 2, "place": 1}, {"id": 3, "place": 1}]"#,
    ),
    ("db-query", "SELECT count(*) FILTER (WHERE quantity > 1) AS n FROM orders", "", r#"[{"n": 2}]"#),
    (
        "db-query",
        "SELECT json_extract(document, '$.deep.n') AS a, document ->> '$.deep.n' AS b, document -> '$.tags' AS c FROM things WHERE id = 1",
        "",
        r#"[{"a": 7, "b": 7, "c": "[\"a\",\"b\"]"}]"#,
    ),
    (
        "db-query",
        "SELECT value FROM things, json_each(document, '$.tags') WHERE things.id = 1 ORDER BY key",
        "",
        r#"[{"value": "a"}, {"value": "b"}]"#,
    ),
    (
        "db-query",
        r#"SELECT count(*) AS n FROM json_tree('{"a":[1,{"b":2}]}') WHERE type = 'integer'"#,
        "",
        r#"[{"n": 2}]"#,
    ),
    (
        "db-query",
        "SELECT value FROM json_each(?) WHERE value > 1",
        "[[1, 2, 3]]",
        r#"[{"value": 2}, {"value": 3}]"#,
    ),
    (
        "db-query",
        "SELECT name FROM products WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        "[[1, 3]]",
        r#"[{"name": "Tea"}, {"name": "Ähre"}]"#,
    ),
    (
        "db-query",
        "SELECT json_group_array(name) AS a, json_group_object(name, stock) AS o FROM (SELECT * FROM products ORDER BY id)",
        "",
        r#"[{"a": "[\"Tea\",\"Coffee\",\"Ähre\"]", "o": "{\"Tea\":10,\"Coffee\":0,\"Ähre\":3}"}]"#,
    ),
    (
        "db-query",
        r#"SELECT json_set('{"a":1}', '$.b', 2) AS a, json_remove('{"a":1}', '$.a') AS b, json_valid('{') AS c, json_array_length('[1,2]') AS d"#,
        "",
        r#"[{"a": "{\"a\":1,\"b\":2}", "b": "{}", "c": 0, "d": 2}]"#,
    ),
    ("db-query", "SELECT date('2026-02-01', '+1 month', '-1 day') AS d", "", r#"[{"d": "2026-02-28"}]"#),
    (
        "db-query",
        "SELECT strftime('%Y-%m', placed_at) AS month, count(*) AS n FROM orders GROUP BY month ORDER BY month",
        "",
        r#"[{"month": "2026-01", "n": 2}, {"month": "2026-02", "n": 1}]"#,
    ),
    (
        "db-query",
        "SELECT unixepoch('2026-01-01T00:00:00Z') AS s, CAST(julianday('2026-02-01') - julianday('2026-01-01') AS INTEGER) AS days",
        "",
        r#"[{"s": 1767225600, "days": 31}]"#,
    ),
    ("db-query", "SELECT datetime('now') > '2026-01-01' AS later", "", r#"[{"later": 1}]"#),
    (
        "db-query",
        "SELECT CASE WHEN stock = 0 THEN 'sold out' ELSE 'in stock' END AS state FROM products ORDER BY id LIMIT 2",
        "",
        r#"[{"state": "in stock"}, {"state": "sold out"}]"#,
    ),
    (
        "db-query",
        "SELECT coalesce(NULL, 'a') AS a, nullif(1, 1) AS b, iif(1, 'yes', 'no') AS c, ifnull(NULL, 2) AS d",
        "",
        r#"[{"a": "a", "b": null, "c": "yes", "d": 2}]"#,
    ),
    (
        "db-query",
        "SELECT length('Ähre') AS a, upper('tea') AS b, substr('Ähre', 2) AS c, instr('coffee', 'f') AS d, replace('a-b', '-', '+') AS e, trim('  x ') AS f",
        "",
        r#"[{"a": 4, "b": "TEA", "c": "hre", "d": 3, "e": "a+b", "f": "x"}]"#,
    ),
    (
        "db-query",
        "SELECT hex('Tea') AS a, printf('%05.2f', 3.14159) AS b, unicode('Ä') AS c, char(8364) AS d, quote('it''s') AS e",
        "",
        r#"[{"a": "546561", "b": "03.14", "c": 196, "d": "€", "e": "'it''s'"}]"#,
    ),
    (
        "db-query",
        "SELECT abs(-3) AS a, round(2.567, 1) AS b, 7 % 4 AS c, 6 & 3 AS d, 1 << 4 AS e, max(1, 2, 3) AS f, CAST('12' AS INTEGER) AS g",
        "",
        r#"[{"a": 3, "b": 2.6, "c": 3, "d": 2, "e": 16, "f": 3, "g": 12}]"#,
    ),
    (
        "db-query",
        "SELECT length(randomblob(16)) AS a, random() IS NOT NULL AS b",
        "",
        r#"[{"a": 16, "b": 1}]"#,
    ),
    (
        "db-query",
        r#"SELECT "a column", "select" FROM "odd ""name""""#,
        "",
        r#"[{"a column": "x", "select": 1}]"#,
    ),
    ("db-query", r#"SELECT [a column] AS a, `select` AS b FROM [odd "name"]"#, "", r#"[{"a": "x", "b": 1}]"#),
    ("db-query", "SELECT label FROM products WHERE id = 1", "", r#"[{"label": "Tea at 2.5"}]"#),
    (
        "db-query",
        "SELECT name, total FROM revenue ORDER BY total",
        "",
        r#"[{"name": "Coffee", "total": 4.0}, {"name": "Tea", "total": 12.5}]"#,
    ),
    (
        "db-query",
        "SELECT words FROM audit ORDER BY id",
        "",
        r#"[{"words": "order 1"}, {"words": "order 2"}, {"words": "order 3"}]"#,
    ),
    ("db-query", "SELECT data FROM things WHERE id = 1", "", r#"[{"data": "AP8Q"}]"#),
    ("db-query", "SELECT 'Grüße, 世界 🌍' AS words", "", r#"[{"words": "Grüße, 世界 🌍"}]"#),
    (
        "db-execute",
        "INSERT INTO products(name, price, stock) VALUES (?, ?, ?)",
        r#"["Cocoa", 3.5, 7]"#,
        r#"{"rows_affected": 1}"#,
    ),
    (
        "db-execute",
        "INSERT INTO products(name, price) VALUES ('Milk', 1), ('Sugar', 0.5)",
        "",
        r#"{"rows_affected": 2}"#,
    ),
    (
        "db-execute",
        "INSERT OR IGNORE INTO products(name, price) VALUES ('tea', 9)",
        "",
        r#"{"rows_affected": 0}"#,
    ),
    (
        "db-execute",
        "INSERT INTO products(name, price) VALUES ('Tea', 3) ON CONFLICT (name) DO UPDATE SET price = excluded.price, stock = stock + 1",
        "",
        r#"{"rows_affected": 1}"#,
    ),
    ("db-query", "SELECT price, stock FROM products WHERE id = 1", "", r#"[{"price": 3.0, "stock": 11}]"#),
    (
        "db-query",
        "INSERT INTO products(name, price) VALUES ('Salt', 0.25) RETURNING id, name, label",
        "",
        r#"[{"id": 7, "name": "Salt", "label": "Salt at 0.25"}]"#,
    ),
    (
        "db-query",
        "UPDATE products SET stock = 1 WHERE name = 'Salt' RETURNING name, stock",
        "",
        r#"[{"name": "Salt", "stock": 1}]"#,
    ),
    ("db-query", "DELETE FROM products WHERE name = 'Salt' RETURNING stock", "", r#"[{"stock": 1}]"#),
    (
        "db-execute",
        "UPDATE products SET stock = stock - sold.n FROM (SELECT product_id, sum(quantity) AS n FROM orders GROUP BY product_id) AS sold WHERE sold.product_id = products.id AND stock >= sold.n",
        "",
        r#"{"rows_affected": 1}"#,
    ),
    (
        "db-execute",
        "INSERT INTO tree(parent, name) SELECT id, name || ' leaf' FROM tree WHERE parent = 1",
        "",
        r#"{"rows_affected": 2}"#,
    ),
    (
        "db-execute",
        "WITH new(name) AS (VALUES ('a'), ('b')) INSERT INTO tree(name) SELECT name FROM new",
        "",
        r#"{"rows_affected": 2}"#,
    ),
    ("db-execute", "REPLACE INTO tree(id, name) VALUES (1, 'trunk')", "", r#"{"rows_affected": 1}"#),
    ("db-execute", "UPDATE tree SET name = 'x' WHERE id = 1000", "", r#"{"rows_affected": 0}"#),
    (
        "db-execute",
        "INSERT INTO things(data, document) VALUES (unhex(?), ?)",
        r#"["00ff", {"stored": true}]"#,
        r#"{"rows_affected": 1}"#,
    ),
    (
        "db-query",
        "SELECT data, document FROM things ORDER BY id DESC LIMIT 1",
        "",
        r#"[{"data": "AP8=", "document": "{\"stored\": true}"}]"#,
    ),
    (
        "db-execute",
        "INSERT INTO orders(product_id, quantity, placed_at) VALUES (3, 1, '2026-03-01')",
        "",
        r#"{"rows_affected": 1}"#,
    ),
    ("db-query", "SELECT words FROM audit ORDER BY id DESC LIMIT 1", "", r#"[{"words": "order 4"}]"#),
    ("db-execute", "DELETE FROM products WHERE id = 2", "", r#"{"rows_affected": 1}"#),
    ("db-query", "SELECT count(*) AS n FROM orders WHERE product_id = 2", "", r#"[{"n": 0}]"#),
    (
        "db-execute",
        "DELETE FROM tree WHERE id IN (SELECT id FROM tree WHERE parent IS NOT NULL)",
        "",
        r#"{"rows_affected": 5}"#,
    ),
    ("db-execute", "DELETE FROM audit", "", r#"{"rows_affected": 4}"#),
];
