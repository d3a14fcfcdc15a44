#include "core/config/check_tree.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/config/check.hpp"
#include "core/config/host_schema.hpp"
#include "core/config/nearest.hpp"
#include "core/config/scalar_check.hpp"

namespace tarsier::config {
namespace {

constexpr size_t kMaxNameSize = 64;

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameSize && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void check_top_level(Node& root, Findings& findings) {
  const std::array<std::string, 2> known = {"host", "plugin"};
  for (Node& child : root.children) {
    if (std::find(known.begin(), known.end(), child.key) != known.end()) continue;
    hide_values(child);
    findings.push_back(error_at(child.key_position, child.path, "unknown key" + suggestion(child.key, known)));
  }
}

Node& host_of(Node& root) {
  if (Node* host = root.find("host")) return *host;
  Node host;
  host.key = "host";
  host.path = "host";
  host.defaulted = true;
  host.position = root.position;
  host.key_position = root.position;
  return *root.children.insert(root.children.begin(), std::move(host));
}

void check_against(Node& section, Keys first, Keys second, Findings& findings) {
  auto schema = Schema::compile(first);
  if (schema) {
    if (auto added = schema->add(second); !added) schema = std::move(added).error();
  }
  if (!schema) {
    hide_values(section);
    findings.push_back(error_at(section.position, section.path, "the plugin's schema is defective: " + schema.error().message()));
    return;
  }
  check_section(section, *schema, findings);
}

bool is_disabled(const Node& section) {
  const Node* enabled = section.find("enabled");
  return enabled != nullptr && enabled->kind == Kind::boolean && !enabled->boolean;
}

void check_unknown(Node& section, std::span<const KnownPlugin> plugins, Findings& findings) {
  const std::string id = plugin_of(section);
  if (!is_disabled(section)) {
    std::vector<std::string> ids;
    for (const KnownPlugin& plugin : plugins) ids.push_back(plugin.id);
    const Node* use = std::as_const(section).find("use");
    const Position& position = use != nullptr ? use->position : section.key_position;
    const std::string close = nearest(id, ids);
    findings.push_back(
        error_at(position, use != nullptr ? use->path : section.path,
                 "no plugin \"" + id + "\" is installed" + (close.empty() ? "" : "; did you mean \"" + close + "\"?")));
  }
  hide_values(section);
}

}  // namespace

void check_host(Node& root, Findings& findings) {
  check_top_level(root, findings);
  check_against(host_of(root), host_keys(), {}, findings);
}

void check_instance(Node& section, Keys plugin_keys, Findings& findings) {
  if (!is_instance_name(section.key)) {
    findings.push_back(error_at(section.key_position, section.path, "expected a name of letters, digits, - and _, at most 64"));
  }
  check_against(section, instance_keys(), plugin_keys, findings);
}

void check_tree(Node& root, std::span<const KnownPlugin> plugins, Findings& findings) {
  check_host(root, findings);
  Node* list = root.find("plugin");
  if (list == nullptr) return;
  if (!list->is_table()) {
    findings.push_back(error_at(list->position, list->path, "expected a table, got " + found_text(*list)));
    return;
  }
  for (Node& section : list->children) {
    const std::string id = plugin_of(section);
    const auto plugin = std::find_if(plugins.begin(), plugins.end(), [&](const KnownPlugin& known) { return known.id == id; });
    if (plugin != plugins.end()) {
      check_instance(section, plugin->keys, findings);
    } else if (section.is_table()) {
      check_unknown(section, plugins, findings);
    } else {
      hide_values(section);
      findings.push_back(error_at(section.position, section.path, "expected a table, got " + found_text(section)));
    }
  }
}

}  // namespace tarsier::config
