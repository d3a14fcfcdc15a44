// One configuration of discover-kubernetes: the objects that it looks at, which of them are targets, and what has to be made anew
// when one of them changes. A source is an object.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plugins/discover/kubernetes/api/object_watch.hpp"
#include "plugins/discover/kubernetes/kubernetes_settings.hpp"
#include "plugins/discover/kubernetes/roles/role.hpp"
#include "plugins/lib/discovery/findings.hpp"

namespace tarsier::discover_kubernetes {

class KubernetesUnit final : public WatchListener, public std::enable_shared_from_this<KubernetesUnit> {
 public:
  using Settings = discover_kubernetes::Settings;
  struct Context : discovery::Context {
    explicit Context(const Host& its_host) : discovery::Context(its_host), watches(its_host) {}
    ObjectWatches watches;
  };
  static Result<Settings> read(const Config& entry, const Config& plugin) { return read_settings(entry, plugin); }

  KubernetesUnit(Context& context, Settings settings)
      : host_(context.host),
        watches_of_all_(context.watches),
        settings_(std::move(settings)),
        subject_(settings_.subject()),
        share_(context.findings, settings_.job_name) {}
  Result<void> start();
  void stop();
  void end() { share_.end(); }

  void changed(Kind kind, const std::vector<std::string>& keys) override;
  void looked(const Scope& scope, const Result<void>& outcome) override;

 private:
  class Joined;
  using Keys = std::unordered_set<std::string>;

  std::string source(const std::string& key) const { return subject_ + ": " + key; }
  ObjectPtr find(Kind kind, const std::string& key) const;
  bool all_synced() const;
  void arm(int64_t delay_ns);
  void make_anew();
  /// The targets of the object with that key, as it is now.
  void make(const std::string& key);
  void forget_joins(const std::string& key);
  /// What was found by a configuration before this one, and is no more.
  void remove_leftovers(const Keys& keys);

  const Host& host_;
  ObjectWatches& watches_of_all_;
  const Settings settings_;
  const std::string subject_;
  discovery::Share share_;
  std::vector<std::shared_ptr<ObjectWatch>> watches_;  // from start to stop

  std::mutex lock_;     // guards what follows
  bool ready_ = false;  // everything has been listed, and made targets of
  bool stopped_ = false;
  bool armed_ = false;
  Timer timer_;
  Keys dirty_;                                                       // keys of objects of the role's kind
  std::unordered_map<std::string, std::vector<std::string>> joins_;  // what each was made with: see name_of()
  std::unordered_map<std::string, Keys> joined_by_;                  // and the other way
};

}  // namespace tarsier::discover_kubernetes
