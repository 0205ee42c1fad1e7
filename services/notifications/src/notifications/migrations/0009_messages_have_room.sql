-- A message changes a moment after it was inserted, and once: where its page has room for that, no
-- index hears of it. What is there already stays as it is.
ALTER TABLE messages SET (fillfactor = 75);
