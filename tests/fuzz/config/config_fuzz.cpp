// Any bytes as a configuration file: no crash; what is rendered reads back, and renders to the same text; checking it against a
// schema with every kind of key leaves a tree that renders and reads back too.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/config/aliases.hpp"
#include "core/config/check_tree.hpp"
#include "core/config/difference.hpp"
#include "core/config/overrides.hpp"
#include "core/config/references.hpp"
#include "core/config/render.hpp"
#include "core/config/toml_reader.hpp"

namespace {

using namespace tarsier::config;

constexpr tarsier_config_key key(const char* path, tarsier_key_type type, const char* default_value = nullptr,
                                 const char* choices = nullptr, uint32_t flags = 0) {
  return {sizeof(tarsier_config_key), type, flags, 0, path, default_value, choices, ""};
}

constexpr tarsier_config_key kKeys[] = {
    key("interval", TARSIER_KEY_DURATION, "15s", "1s..1h"),
    key("limit", TARSIER_KEY_SIZE, "64MiB"),
    key("rate", TARSIER_KEY_RATE),
    key("ratio", TARSIER_KEY_FLOAT, "0.5", "0..1"),
    key("count", TARSIER_KEY_INT, nullptr, nullptr, TARSIER_KEY_DEPRECATED),
    key("on", TARSIER_KEY_BOOL, "true"),
    key("mode", TARSIER_KEY_STRING, "fast", "fast|slow"),
    key("password", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_SECRET),
    key("collectors[]", TARSIER_KEY_STRING, "cpu"),
    key("job[].job_name", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_REQUIRED),
    key("job[].params.*[]", TARSIER_KEY_STRING),
    key("tls.cert", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_REQUIRED),
    key("to[]", TARSIER_KEY_STRING, nullptr, "@service/1"),
    key("free", TARSIER_KEY_TABLE),
};

void check(bool holds, const char* what, const std::string& text) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

Node read(std::string_view text, Findings& findings) {
  Node root = read_toml(text, std::make_shared<const Source>(Source{"fuzz.toml", {}, false}), findings);
  assign_paths(root, {});
  return root;
}

/// The rendered tree reads back without an error and renders to itself.
void check_stable(const Node& root) {
  const std::string once = render_toml(root);
  Findings findings;
  const Node again = read(once, findings);
  check(findings.empty(), "rendered text does not read back", once + to_text(findings));
  check(render_toml(again) == once, "rendering is not stable", once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Findings findings;
  Node root = read(text, findings);
  check_stable(root);
  check(difference(root, root).empty(), "a tree differs from itself", render_toml(root));

  normalize_aliases(root, {{"old", "node"}}, findings);
  std::array<const tarsier_config_key*, std::size(kKeys)> keys{};
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = &kKeys[i];
  const std::array<KnownPlugin, 1> plugins = {{{"node", keys}}};
  check_tree(root, plugins, findings);
  const std::array<Provider, 1> providers = {{{"node", true, true, {"service/1"}}}};
  check_references(root, providers, findings);
  check_stable(root);

  Node target;
  apply_override(target, text.substr(0, 256), findings);
  assign_paths(target, {});
  check_stable(target);
  (void)to_text(findings);
  return 0;
}
