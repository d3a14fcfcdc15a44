// A discovery plugin but for what it looks at: reads [[plugin.X.config]], runs a unit for each, and on a reload leaves those alone
// that have not changed.
//
//   struct Unit {                                     // made by [ctl]
//     struct Settings {                               // == tells what has changed
//       std::string job_name;
//       std::string subject() const;                  // what is looked at; may not be twice for a job
//     };
//     static Result<Settings> read(const Config& entry, const Config& plugin);
//     using Context = discovery::Context;             // or a struct derived from it
//     Unit(Context&, Settings);
//     Result<void> start();                           // [ctl] claims its sources, then looks at them from time to time
//     void stop();                                    // [ctl] nothing is set afterwards; the targets stay
//     void end();                                     // [ctl] after stop: the targets go
//   };
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/discovery/findings.hpp"
#include "tarsier/plugin.hpp"

namespace tarsier::discovery {

template <class Unit>
class DiscoveryPlugin : public Plugin {
 public:
  using Settings = typename Unit::Settings;
  explicit DiscoveryPlugin(const tarsier_host* raw) : Plugin(raw) {}

  Result<void> configure(const Config& config) override {
    auto settings = read(config);
    if (!settings) return std::move(settings).error();
    settings_ = std::move(*settings);
    return {};
  }
  Result<void> start() override { return apply(settings_); }
  Result<void> reconfigure(const Config& config) override {
    auto settings = read(config);
    if (!settings) return std::move(settings).error();
    auto applied = apply(*settings);
    if (applied) settings_ = std::move(*settings);
    return applied;
  }
  Result<void> stop(int64_t) override {
    for (const Running& running : running_) running.unit->stop();
    auto told = context_.findings.withdraw();
    running_.clear();
    return told;
  }
  const void* service(std::string_view name) override {
    return name == TARSIER_DISCOVERY_SERVICE ? context_.findings.table() : nullptr;
  }

 protected:
  typename Unit::Context& context() noexcept { return context_; }

 private:
  struct Running {
    Settings settings;
    std::shared_ptr<Unit> unit;
  };

  static Result<std::vector<Settings>> read(const Config& config) {
    std::vector<Settings> all;
    std::set<std::pair<std::string, std::string>> seen;
    const Config list = config["config"];
    for (uint64_t i = 0; i < list.size(); ++i) {
      auto settings = Unit::read(list.at(i), config);
      if (!settings) return std::move(settings).error();
      if (settings->job_name.empty()) return list.at(i).invalid("job_name is empty");
      if (!seen.emplace(settings->job_name, settings->subject()).second)
        return list.at(i).invalid("job '" + settings->job_name + "' has " + settings->subject() + " twice");
      all.push_back(std::move(*settings));
    }
    return all;
  }

  /// New units claim their sources before the old ones let go, so what both look at stays. On failure everything is as it was.
  Result<void> apply(const std::vector<Settings>& wanted) {
    std::vector<Running> next, fresh;
    for (const Settings& settings : wanted) {
      const auto same =
          std::find_if(running_.begin(), running_.end(), [&](const Running& running) { return running.settings == settings; });
      if (same != running_.end()) {
        next.push_back(*same);
        continue;
      }
      fresh.push_back({settings, std::make_shared<Unit>(context_, settings)});
      next.push_back(fresh.back());
      if (auto started = fresh.back().unit->start(); !started) {
        for (const Running& running : fresh) retire(running);
        return std::move(started).error().in("job '" + settings.job_name + "'");
      }
    }
    std::swap(running_, next);
    for (const Running& old : next) {
      const bool kept = std::any_of(running_.begin(), running_.end(), [&](const Running& now) { return now.unit == old.unit; });
      if (!kept) retire(old);
    }
    return {};
  }

  static void retire(const Running& running) {
    running.unit->stop();
    running.unit->end();
  }

  std::vector<Settings> settings_;
  typename Unit::Context context_{host()};
  std::vector<Running> running_;
};

}  // namespace tarsier::discovery
