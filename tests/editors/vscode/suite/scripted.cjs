// What the extension does, with a server whose answers are written down.
const { runTests } = require("./harness.cjs");

exports.run = () => runTests({ ...require("./ghost.cjs"), ...require("./rewrites.cjs"), ...require("./server.cjs") });
