// Change: one step of the running instances from what they are to what the configuration asks for, whole or not at all.
//
// Everything new is created and configured first: a configuration that does not check changes nothing. Then, in this order: what
// can be reconfigured in place is; new versions start beside the old ones and take over their services; what cannot run beside its
// successor, those who hold something inside a replaced provider, and what was removed, stop; their successors start; the old ones
// end. A failure on the way goes back the same way. Whoever calls on what is stopped meanwhile, and is about to come back, waits
// (ServiceRegistry::begin_transit).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/host/lifecycle.hpp"

namespace tarsier::host {

class Change {
 public:
  Change(Lifecycle& lifecycle, std::vector<InstanceSpec> specs, bool strict);
  ApplyReport run();
  /// After a run that was not applied: changed files of unchanged sections that did not start, and why. Without them it may do.
  const std::map<std::string, std::string>& refused_upgrades() const noexcept { return refused_upgrades_; }

 private:
  enum class Kind {
    keep,         ///< nothing
    adjust,       ///< runs on as it is; only the host's own settings of it changed
    add,          ///< no instance runs
    reconfigure,  ///< same file, other configuration; becomes `replace` when the plugin cannot
    replace,      ///< another version, or a configuration that needs a new instance
    cycle,        ///< unchanged itself, but holds something inside a provider that is replaced
    remove,       ///< runs, and is not wanted any more
    refuse        ///< not running, and cannot
  };
  struct Step {
    explicit Step(InstanceSpec given, Kind what = Kind::keep) : spec(std::move(given)), kind(what) {}
    InstanceSpec spec;
    Kind kind;
    Entry* entry = nullptr;             ///< nullptr: a new name
    std::shared_ptr<Instance> old;      ///< runs now
    std::shared_ptr<Instance> fresh;    ///< takes its place
    bool upgrade = false;               ///< replaced because of its file alone
    bool beside = false;                ///< fresh starts while old runs
    ServiceRegistry::References moved;  ///< from old to fresh; may still be in use
    bool handed_over = false;           ///< old takes nothing new any more
    bool down = false;                  ///< old was stopped by this change
    bool lost = false;                  ///< old did not stop: it cannot run again
    bool up = false;                    ///< fresh was started by this change
    bool gone = false;                  ///< its name is not in the configuration any more
    bool hangs = false;                 ///< an added one that is not tried (Lifecycle::hangs)
    std::string failure;                ///< of an added one, which is tried again later
  };
  using Steps = std::vector<Step*>;

  // plan (change_plan.cpp)
  void order(std::vector<InstanceSpec> specs);
  void refuse_second_singletons(std::vector<InstanceSpec>& specs);
  void decide(Step& step);
  bool same_as_before(const Step& step) const;
  bool may_read_anew(const Step& step) const;
  void find_dependants();
  bool holds_something_in(const Step& consumer, const Step& provider) const;

  // work (change.cpp; the way back: change_back.cpp)
  bool prepare();
  bool prepare_cycled();
  bool reconfigure();
  void undo_reconfigured();
  void begin_transit(const Step& step);
  void begin_transits();
  bool start_beside();
  void did_not_start(const Step& step, const std::string& why);
  void hand_over();
  void stop_old();
  bool start_new();
  bool start_level(const Steps& steps);
  void roll_back();
  void end_fresh(Step& step);
  void revive(Step& step);
  void end_successor(Step& step, bool revived, const ServiceRegistry::References& moved);
  ApplyReport commit();
  void retire_beside(Step& step);
  void install_entries();
  std::unique_ptr<Entry> take_entry(Step& step);
  void settle(Entry& entry, Step& step);
  void tell(const Step& step, const std::string& what);
  ApplyReport give_up();

  bool rejected() const { return strict_ && !report_.problems.empty(); }
  void problem(const Step& step, const std::string& what);
  void keep_version(Step& step, const std::string& why);

  Lifecycle& lifecycle_;
  const bool strict_;
  std::vector<Step> steps_;                                   // in start order, then what does not run, then what is removed
  std::vector<size_t> level_ends_;                            // steps_[0, level_ends_[0]) are the first level, and so on
  std::vector<std::pair<Step*, InstanceSpec>> reconfigured_;  // and what it had before
  std::map<std::string, std::string> refused_upgrades_;
  ApplyReport report_;
};

}  // namespace tarsier::host
