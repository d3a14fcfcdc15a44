// tarsier/discovery.hpp - for plugins that discover targets: says on the bus what was found, and keeps it for who comes later
// (service/discovery.h).
//
//   class MyDiscovery final : public Plugin {
//     Result<void> start() override { return found_.set("backends", "rack-7", targets_of_rack()); }  // and again whenever it
//     changes Result<void> stop(int64_t) override { return found_.withdraw(); } const void* service(const char*) override { return
//     found_.table(); } DiscoveredTargets found_{host()};
//   };
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus.hpp"
#include "service/discovery.h"

namespace tarsier {

/// Labels of one target as it was found, before any relabelling: "__address__", and what the source knows as "__meta_...".
using TargetLabels = std::map<std::string, std::string, std::less<>>;

class DiscoveredTargets {
 public:
  explicit DiscoveredTargets(const Host& host) : host_(host) {
    table_.size = sizeof(table_);
    table_.self = this;
    table_.current = [](void* self, void* user, void (*each)(void*, const tarsier_batch*)) {
      static_cast<DiscoveredTargets*>(self)->current(user, each);
    };
  }
  DiscoveredTargets(const DiscoveredTargets&) = delete;
  DiscoveredTargets& operator=(const DiscoveredTargets&) = delete;

  /// [any] What the instance offers as TARSIER_DISCOVERY_SERVICE; valid while this lives.
  const tarsier_discovery* table() const noexcept { return &table_; }

  /// [any] All that `source` has for `pool` (a scrape job's name) now; it takes the place of what that source had. A source is any
  /// part of what the instance looks at that changes as a whole: a file, a name, a namespace. Nothing is told when it is as before.
  /// AGAIN or RESOURCE: it was not told, and the call is to be made again.
  Result<void> set(std::string_view pool, std::string_view source, const std::vector<TargetLabels>& targets) {
    const std::lock_guard guard(lock_);
    return set_locked({std::string(pool), std::string(view(host_.services->name(host_.raw()))).append("/").append(source)},
                      targets);
  }
  /// [any] The source, and with it its targets, is no more.
  Result<void> remove(std::string_view pool, std::string_view source) { return set(pool, source, {}); }

  /// [ctl] Part of stop(): tells that there are no targets any more, unless the host as a whole stops, which is back soon.
  Result<void> withdraw() {
    if (host_.control->ready(host_.raw()) == 0) return {};
    const std::lock_guard guard(lock_);
    Result<void> outcome;
    for (auto known = sources_.begin(); known != sources_.end();) {
      const Name name = (known++)->first;  // setting it to none takes it out
      if (auto told = set_locked(name, {}); !told) outcome = std::move(told);
    }
    return outcome;
  }

 private:
  using Name = std::pair<std::string, std::string>;  // pool, source

  static bool says(const Batch& batch, const std::vector<TargetLabels>& targets) {
    const batch::View view = batch.view();
    const batch::Sets sets(view);
    const auto rows = view.column<uint32_t>(TARSIER_COL_TARGET_LABELS);
    if (rows.size() != targets.size()) return false;
    for (size_t i = 0; i < targets.size(); ++i) {
      if (sets.size(rows[i]) != targets[i].size()) return false;
      uint32_t pair = 0;  // both are sorted
      for (const auto& [name, value] : targets[i]) {
        if (sets.name(rows[i], pair) != name || sets.value(rows[i], pair) != value) return false;
        ++pair;
      }
    }
    return true;
  }

  Result<void> set_locked(const Name& name, const std::vector<TargetLabels>& targets) {
    const auto known = sources_.find(name);
    if (known == sources_.end() ? targets.empty() : says(known->second, targets)) return {};
    auto batch = batch_of(name, targets);
    if (!batch) return std::move(batch).error();
    if (auto told = publish(host_, TARSIER_TOPIC_TARGETS, *batch); !told) return told;
    if (targets.empty()) {
      sources_.erase(known);
    } else {
      sources_.insert_or_assign(name, std::move(*batch));
    }
    return {};
  }

  Result<Batch> batch_of(const Name& name, const std::vector<TargetLabels>& targets) const {
    batch::TargetsBuilder builder(name.first, name.second);
    std::vector<batch::Label> labels;
    for (const TargetLabels& target : targets) {
      labels.assign(target.begin(), target.end());
      builder.target(labels);
    }
    return make_batch(host_, builder);
  }

  void current(void* user, void (*each)(void*, const tarsier_batch*)) const {
    const std::lock_guard guard(lock_);
    for (const auto& [name, batch] : sources_) each(user, batch.raw());
  }

  const Host& host_;
  mutable std::mutex lock_;
  std::map<Name, Batch> sources_;  // the newest of each: also all that is kept of its targets
  tarsier_discovery table_{};
};

}  // namespace tarsier
