// One configuration of discover-http: an URL that answers with a list of target groups, asked again and again.
#pragma once

#include <memory>
#include <string>

#include "plugins/lib/discovery/findings.hpp"
#include "plugins/lib/discovery/http_options.hpp"
#include "plugins/lib/discovery/rounds.hpp"

namespace tarsier::discover_http {

struct Settings {
  std::string job_name;
  std::string url;
  int64_t refresh_interval_ns = 0;
  uint64_t body_size_limit = 0;
  discovery::HttpOptions http;
  std::string subject() const { return "the url " + url; }
  bool operator==(const Settings&) const = default;
};

class HttpUnit : public std::enable_shared_from_this<HttpUnit> {
 public:
  using Settings = discover_http::Settings;
  using Context = discovery::Context;
  static Result<Settings> read(const Config& entry, const Config& plugin);

  HttpUnit(Context& context, Settings settings)
      : host_(context.host), settings_(std::move(settings)), share_(context.findings, settings_.job_name) {}
  Result<void> start();
  void stop() { rounds_.stop(); }
  void end() { share_.end(); }

 private:
  void ask();
  void take(const Result<http::Response>& response);
  Result<void> read_answer(const Result<http::Response>& response);

  const Host& host_;
  const Settings settings_;
  discovery::Share share_;
  ServiceRef<tarsier_http> http_;
  discovery::Rounds rounds_;
};

}  // namespace tarsier::discover_http
