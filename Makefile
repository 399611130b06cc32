# The entry point for all commands. A target is a group of .ci/run, which has the command lines.

groups := help lint modules examples api fuzz cover other test quick bench vuln

.PHONY: $(groups) ci

$(groups):
	@.ci/run $@

ci: # all checks, as CI runs them
	@.ci/run
