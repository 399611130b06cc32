// Runs a test that was built for js/wasm:
//
//	GOOS=js GOARCH=wasm go test -exec="node $PWD/internal/rest/testdata/fetch.cjs" -run '^TestFetch$' ./internal/blackbox
//
// It differs from lib/wasm/wasm_exec_node.js of the Go distribution in two ways. It hides that this is Node, because
// net/http does not use the Fetch API there. And it serves an API to the test, which has no sockets.
"use strict";

const { execFileSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
globalThis.require = require;
globalThis.fs = fs;
globalThis.path = path;
require(path.join(goroot, "lib/wasm/wasm_exec.js"));
const node = process;
globalThis.process = new Proxy({}, { get: (_, name) => (name === "argv0" ? "browser" : node[name]) });

function listen(handler) {
	return new Promise((resolve) => {
		const server = http.createServer(handler).listen(0, "127.0.0.1", () => resolve(server));
	});
}

const url = (server) => `http://127.0.0.1:${server.address().port}`;

async function main() {
	let leaked = 0; // requests to another origin
	const elsewhere = await listen((request, response) => {
		leaked++;
		response.end("{}");
	});
	const api = await listen(async (request, response) => {
		let body = "";
		for await (const chunk of request) {
			body += chunk;
		}
		const respond = (status, value) => {
			response.writeHead(status, { "content-type": "application/json" });
			response.end(JSON.stringify({ success: status < 300, errors: [], messages: [], ...value }));
		};
		switch (`${request.method} ${request.url}`) {
		case "GET /organizations/redirected":
		case "POST /organizations/redirected":
			response.writeHead(307, { location: `${url(elsewhere)}/stolen` }).end();
			break;
		case "GET /organizations/leaked":
			respond(200, { result: { id: "leaked", name: String(leaked) } });
			break;
		case "GET /organizations/missing":
			respond(404, { errors: [{ code: 1551, message: "organization not found" }] });
			break;
		default:
			const authorized = request.headers.authorization === "Bearer secret-token";
			respond(200, { result: { id: "a1", name: `${request.method} ${authorized} ${body}` } });
		}
	});

	const go = new Go();
	go.argv = process.argv.slice(2);
	go.env = { ...process.env, FETCH_URL: url(api) };
	go.exit = (code) => process.exit(code);
	const { instance } = await WebAssembly.instantiate(fs.readFileSync(process.argv[2]), go.importObject);
	await go.run(instance);
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
