#include "plugins/collect/otlp_receiver/labels.hpp"

#include <algorithm>
#include <array>

namespace tarsier::otlp {
namespace {

constexpr std::array<std::string_view, 3> kIdentifying = {"service.namespace", "service.name", "service.instance.id"};

bool is_identifying(std::string_view key) { return std::find(kIdentifying.begin(), kIdentifying.end(), key) != kIdentifying.end(); }

/// Attributes of which the names become the same are one label, their values joined in the order of their keys.
Result<LabelMap> translated(const std::vector<Attribute>& attributes, bool leave_out_identifying, Naming naming) {
  std::vector<const Attribute*> sorted;
  for (const Attribute& attribute : attributes)
    if (attribute.key != "__name__" && !(leave_out_identifying && is_identifying(attribute.key))) sorted.push_back(&attribute);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  LabelMap labels;
  for (const Attribute* attribute : sorted) {
    auto name = label_name(attribute->key, naming);
    if (!name) return std::move(name).error();
    std::string& value = labels[*name];
    value = value.empty() || !naming.escapes ? attribute->value : value + ";" + attribute->value;
  }
  return labels;
}

}  // namespace

Result<ResourceLabels> ResourceLabels::of(const std::vector<Attribute>& attributes, const Settings& settings) {
  ResourceLabels made(attributes, settings);
  if (const std::string* name = find_attribute(attributes, "service.name")) {
    const std::string* space = find_attribute(attributes, "service.namespace");
    made.job_ = space == nullptr ? *name : *space + "/" + *name;
  }
  if (const std::string* instance = find_attribute(attributes, "service.instance.id")) made.instance_ = *instance;
  for (const std::string& key : settings.promoted) {
    const std::string* value = find_attribute(attributes, key);
    if (value == nullptr) continue;
    auto name = label_name(key, settings.naming);
    if (!name) return std::move(name).error();
    made.promoted_.emplace(std::move(*name), *value);
  }
  return made;
}

Result<void> ResourceLabels::enter(const Scope& scope) {
  scope_.clear();
  if (!settings_->promote_scope || scope.name.empty()) return {};
  for (const Attribute& attribute : scope.attributes) {
    auto name = label_name("otel_scope_" + std::string(attribute.key), settings_->naming);
    if (!name) return std::move(name).error();
    scope_[*name] = attribute.value;
  }
  scope_["otel_scope_name"] = scope.name;
  scope_["otel_scope_version"] = scope.version;
  scope_["otel_scope_schema_url"] = scope.schema_url;
  return {};
}

void ResourceLabels::identify(LabelMap& labels) const {
  if (!job_.empty()) labels["job"] = job_;
  if (!instance_.empty()) labels["instance"] = instance_;
}

Result<LabelMap> ResourceLabels::series(const std::vector<Attribute>& point) const {
  auto labels = translated(point, false, settings_->naming);
  if (!labels) return labels;
  for (const auto& [name, value] : promoted_) {
    std::string& place = (*labels)[name];
    if (place.empty()) place = value;
  }
  identify(*labels);
  for (const auto& [name, value] : scope_) (*labels)[name] = value;
  return labels;
}

Result<LabelMap> ResourceLabels::target_info() const {
  const bool tells =
      std::any_of(attributes_->begin(), attributes_->end(), [](const Attribute& one) { return !is_identifying(one.key); });
  if (!tells || (job_.empty() && instance_.empty())) return LabelMap{};
  auto labels = translated(*attributes_, !settings_->keep_identifying, settings_->naming);
  if (labels) identify(*labels);
  return labels;
}

}  // namespace tarsier::otlp
