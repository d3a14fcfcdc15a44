// One configuration of discover-consul: blocking queries, one for the catalog and one for each service, each asked again as soon as
// it is answered, but not more often than the interval.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/discover/consul/consul_answers.hpp"
#include "plugins/discover/consul/consul_settings.hpp"
#include "plugins/lib/discovery/findings.hpp"

namespace tarsier::discover_consul {

class ConsulUnit : public std::enable_shared_from_this<ConsulUnit> {
 public:
  using Settings = discover_consul::Settings;
  using Context = discovery::Context;
  static Result<Settings> read(const Config& entry, const Config&) { return read_settings(entry); }

  ConsulUnit(Context& context, Settings settings)
      : host_(context.host),
        settings_(std::move(settings)),
        subject_(settings_.subject()),
        share_(context.findings, settings_.job_name),
        datacenter_(settings_.datacenter) {}
  Result<void> start();
  void stop();
  void end() { share_.end(); }

 private:
  /// A question that is asked again and again.
  struct Watch {
    enum class Kind : uint8_t { agent, catalog, service };
    explicit Watch(Kind its_kind, std::string its_service = "") : kind(its_kind), service(std::move(its_service)) {}
    const Kind kind;
    const std::string service;
    uint64_t index = 0;  // of the last answer
    int64_t asked_mono_ns = 0;
    bool over = false;
    Timer timer;  // until it is asked again
  };
  using WatchPtr = std::shared_ptr<Watch>;
  using Left = std::vector<Timer>;  // what is to be destroyed without the lock: their jobs take it

  std::string source(const std::string& service) const { return subject_ + ": " + service; }
  std::string source(const Watch& watch) const { return watch.kind == Watch::Kind::service ? source(watch.service) : subject_; }
  std::string url(const Watch& watch) const;

  void ask(const WatchPtr& watch);
  void take(const WatchPtr& watch, const Result<http::Response>& response);
  Result<void> read_answer(Watch& watch, std::string_view body, Left& left);
  void begin_after_agent();
  void apply(const Services& services, Left& left);
  void add_service(const std::string& service);
  void ask_later(const WatchPtr& watch, int64_t delay_ns, Left& left);

  const Host& host_;
  const Settings settings_;
  const std::string subject_;
  discovery::Share share_;
  ServiceRef<tarsier_http> http_;
  std::mutex lock_;  // guards what follows; answers are read under it
  std::string datacenter_;
  WatchPtr root_;  // of the agent, then of the catalog
  std::map<std::string, WatchPtr> services_;
  bool stopped_ = false;
};

}  // namespace tarsier::discover_consul
