// What discovery plugins declare alike: the keys that each has, and what stands in a descriptor beside them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tarsier/discovery.hpp"
#include "tarsier/http.hpp"
#include "tarsier/plugin.hpp"

namespace tarsier::discovery {

/// A key that takes effect without a restart of the instance, as all of a discovery plugin do.
constexpr tarsier_config_key setting(const char* path, tarsier_key_type type, const char* default_value, const char* doc,
                                     const char* choices = nullptr, uint32_t flags = 0) {
  return key(path, type, default_value, doc, choices, flags | TARSIER_KEY_RELOADABLE);
}

/// The list itself: what one of its tables is.
constexpr tarsier_config_key configs(const char* doc) { return setting("config[]", TARSIER_KEY_TABLE, nullptr, doc); }
inline constexpr tarsier_config_key kJobName = setting("config[].job_name", TARSIER_KEY_STRING, nullptr,
                                                       "the scrape job that gets the targets", nullptr, TARSIER_KEY_REQUIRED);
constexpr tarsier_config_key refresh_interval(const char* default_value, const char* doc) {
  return setting("config[].refresh_interval", TARSIER_KEY_DURATION, default_value, doc, "1s..");
}

/// Of the arrays of keys that a plugin has and shares.
template <size_t... N>
constexpr auto key_table(const tarsier_config_key (&... lists)[N]) {
  std::array<const tarsier_config_key*, (N + ...) + 1> table{};
  size_t at = 0;
  const auto add = [&](const auto& list) {
    for (const auto& entry : list) table[at++] = &entry;
  };
  (add(lists), ...);
  return table;
}

inline constexpr tarsier_need kHttpNeed[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kHttpNeedTable, kHttpNeed);
inline constexpr tarsier_offer kOffer[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffer);
inline constexpr const char* kKinds[] = {"discovery", nullptr};

/// What differs.
struct Declaration {
  const char* id;
  const char* version;
  const char* summary;
  const tarsier_config_key* const* keys;
  const tarsier_need* const* needs = nullptr;  // kHttpNeedTable's, or none
  const char* sample_toml;
};

template <class P>
constexpr tarsier_plugin declare(const Declaration& its) {
  return describe<P>({
      .id = its.id,
      .version = its.version,
      .summary = its.summary,
      .kinds = kKinds,
      .keys = its.keys,
      .needs = its.needs,
      .offers = kOfferTable.data(),
      .sample_toml = its.sample_toml,
      .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
  });
}

}  // namespace tarsier::discovery
