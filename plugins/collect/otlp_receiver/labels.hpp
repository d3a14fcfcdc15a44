// From the attributes of a resource, a scope and a point to the labels of a series.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/otlp_receiver/attributes.hpp"
#include "plugins/collect/otlp_receiver/metric_name.hpp"

namespace tarsier::otlp {

struct Settings {
  Naming naming;
  std::vector<std::string> promoted;             // attributes of resources that become labels of their series
  bool keep_identifying = false;                 // service.name and such as labels of target_info, too
  bool custom_buckets = false;                   // histograms with bounds become native ones
  bool promote_scope = false;                    // otel_scope_* labels
  int64_t target_info_gap_ns = 150'000'000'000;  // so that a lookback always finds one
};

using LabelMap = std::map<std::string, std::string, std::less<>>;

struct Scope {
  std::string_view name, version, schema_url;
  std::vector<Attribute> attributes;
};

/// What all series of one resource have.
class ResourceLabels {
 public:
  /// Keeps references.
  static Result<ResourceLabels> of(const std::vector<Attribute>& attributes, const Settings& settings);
  /// Labels that scopes give; they replace those of the scope before. None unless the settings say so.
  Result<void> enter(const Scope& scope);
  /// Of a series of the resource. INVALID: an attribute of which no name remains.
  Result<LabelMap> series(const std::vector<Attribute>& point) const;
  /// Of target_info; empty when there is none to tell.
  Result<LabelMap> target_info() const;

 private:
  ResourceLabels(const std::vector<Attribute>& attributes, const Settings& settings)
      : attributes_(&attributes), settings_(&settings) {}
  void identify(LabelMap& labels) const;

  const std::vector<Attribute>* attributes_;
  const Settings* settings_;
  std::string job_, instance_;
  LabelMap promoted_, scope_;
};

}  // namespace tarsier::otlp
