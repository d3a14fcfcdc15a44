// tarsier check: everything that can be known to be wrong without starting anything.
#include "core/host/cli/check.hpp"

#include <cstdio>

#include "core/host/cli/command.hpp"
#include "core/host/cli/scratch_host.hpp"
#include "core/host/json_writer.hpp"
#include "core/host/section_findings.hpp"
#include "core/host/start_order.hpp"

namespace tarsier::host::cli {
namespace {

// Needs that nobody meets, and circles, as findings at the sections.
void check_needs(const Desired& desired, config::Findings& findings) {
  std::vector<StartNode> nodes;
  std::vector<const InstanceSpec*> of_node;
  for (const InstanceSpec& spec : desired.specs) {
    if (!spec.enabled || spec.plugin == nullptr) continue;
    nodes.push_back(start_node(spec.name, spec.module->path(), *spec.plugin));
    of_node.push_back(&spec);
  }
  for (const auto& [node, reason] : order_start(nodes).refused) {
    const auto& section = *of_node[node]->node;
    findings.push_back(config::error_at(section.key_position, section.path, reason));
  }
}

// What the plugins themselves say of their sections: files they read, names they look up. Nothing is started.
void check_by_plugins(const Desired& desired, config::Findings& findings) {
  auto host = ScratchHost::start();
  if (!host) {
    findings.push_back(config::error_at(desired.root->position, "host", "plugins cannot be asked: " + host.error().message()));
    return;
  }
  for (const InstanceSpec& spec : desired.specs) {
    if (!spec.enabled || spec.plugin == nullptr || !spec.refusal.empty()) continue;
    const auto configured = (*host)->configure(spec);
    if (configured) continue;
    const auto said = section_findings(spec, configured.error().message());
    findings.insert(findings.end(), said.begin(), said.end());
  }
}

std::string as_json(const config::Findings& findings, const Desired& desired) {
  JsonWriter json;
  json.begin_object().key("ok").boolean(!config::has_errors(findings)).key("files").strings(desired.files);
  json.key("instances").integer(uint64_t{desired.specs.size()}).key("findings").begin_array();
  for (const config::Finding& finding : findings) {
    json.begin_object().key("severity").string(finding.severity == config::Severity::error ? "error" : "warning");
    json.key("file")
        .string(finding.file)
        .key("line")
        .integer(uint64_t{finding.line})
        .key("column")
        .integer(uint64_t{finding.column});
    json.key("key").string(finding.path).key("message").string(finding.message).end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

std::string as_text(const config::Findings& findings, const Desired& desired) {
  std::string text;
  size_t errors = 0;
  for (const config::Finding& finding : findings) {
    text += finding.text() + "\n";
    errors += finding.severity == config::Severity::error ? 1 : 0;
  }
  const std::string what = std::to_string(desired.files.size()) + " file" + (desired.files.size() == 1 ? "" : "s") + ", " +
                           std::to_string(desired.specs.size()) + " plugin section" + (desired.specs.size() == 1 ? "" : "s");
  if (errors > 0) return text + std::to_string(errors) + " error" + (errors == 1 ? "" : "s") + " in " + what + "\n";
  return text + "ok: " + what + "\n";
}

int run(const Arguments& arguments) {
  auto options = desired_options(arguments);
  if (!options) {
    complain(options.error().message());
    return kFailed;
  }
  const auto checked = check_config(*options);
  const config::Findings& findings = checked->findings;
  const std::string text = arguments.has("--json") ? as_json(findings, checked->desired) : as_text(findings, checked->desired);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return config::has_errors(findings) ? kFailed : kOk;
}

constexpr OptionSpec kOptions[] = {
    {"--config", "-c", "FILE", "the configuration (default: config/tarsier.toml, then /etc/tarsier/tarsier.toml)"},
    {"--data-dir", "", "DIR", "instead of host.data_dir"},
    {"--plugin-dir", "", "DIR", "a directory of plugins, searched before the configured ones", true},
    {"--set", "", "KEY=VALUE", "overrides one key", true},
    {"--json", "", "", "for scripts"},
};

}  // namespace

std::unique_ptr<CheckedConfig> check_config(const DesiredOptions& options) {
  auto checked = std::make_unique<CheckedConfig>();
  checked->desired = read_desired(options, checked->directory, checked->modules);
  config::Findings& findings = checked->findings;
  findings = checked->desired.findings;
  for (config::Finding& refusal : refusals(checked->desired)) findings.push_back(std::move(refusal));
  check_needs(checked->desired, findings);
  if (!config::has_errors(findings)) check_by_plugins(checked->desired, findings);
  return checked;
}

const Command kCheck = {"check", "", "Checks the configuration, the plugins that it uses and what they need.", kOptions, 0, 0, run};

}  // namespace tarsier::host::cli
