# The entry point for all commands. A target is a group of .ci/run, which has the command lines.

groups := help lint modules examples api publish fuzz cover sim other test quick bench vuln

.PHONY: $(groups) ci drift

$(groups):
	@.ci/run $@

ci: # all checks, as CI runs them
	@.ci/run

# Compares FILE, an OpenAPI document in JSON, with internal/contract/operations.txt. Without FILE, it downloads the newest
# schema that Cloudflare published. UPDATE=1 rewrites operations.txt, which calls the document SOURCE, or by its name.
drift:
ifdef FILE
	@GOWORK=off go run -C internal/contract ./drift $(if $(UPDATE),-update) -source "$(or $(SOURCE),$(notdir $(FILE)))" <"$(FILE)"
else
	@GOWORK=off go run -C internal/contract ./drift $(if $(UPDATE),-update) -newest
endif
