// One configuration of discover-docker: a daemon whose containers are targets, asked for networks and containers again and again.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "plugins/discover/docker/docker_answers.hpp"
#include "plugins/lib/discovery/findings.hpp"
#include "plugins/lib/discovery/http_options.hpp"
#include "plugins/lib/discovery/rounds.hpp"

namespace tarsier::discover_docker {

struct Settings {
  std::string job_name;
  std::string base;     // what comes before "/containers/json"
  std::string filters;  // as the daemon wants them, in JSON; "" for none
  Shape shape;
  int64_t refresh_interval_ns = 0;
  discovery::HttpOptions http;
  std::string subject() const;
  bool operator==(const Settings&) const = default;
};

class DockerUnit : public std::enable_shared_from_this<DockerUnit> {
 public:
  using Settings = discover_docker::Settings;
  using Context = discovery::Context;
  static Result<Settings> read(const Config& entry, const Config& plugin);

  DockerUnit(Context& context, Settings settings)
      : host_(context.host),
        settings_(std::move(settings)),
        source_(settings_.subject()),
        share_(context.findings, settings_.job_name) {}
  Result<void> start();
  void stop() { rounds_.stop(); }
  void end() { share_.end(); }

 private:
  using NetworkLabels = std::map<std::string, TargetLabels>;
  using Answer = Result<http::Response>;

  void ask(const std::string& path, void (DockerUnit::*take)(const Answer&));
  void take_networks(const Answer& answer);
  void take_containers(const Answer& answer);
  bool finish(const Result<void>& outcome);

  const Host& host_;
  const Settings settings_;
  const std::string source_;
  discovery::Share share_;
  ServiceRef<tarsier_http> http_;
  discovery::Rounds rounds_;
  NetworkLabels networks_;  // of this round
};

}  // namespace tarsier::discover_docker
