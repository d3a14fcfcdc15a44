// RunningHost: a host that runs somewhere, asked by HTTP. Whatever is known of it is what its APIs say.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "tarsier/result.hpp"
#include "tarsier/short_get.hpp"

namespace tarsier::host::cli {

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

class RunningHost {
 public:
  /// "http://127.0.0.1:3001", or the address of Prometheus' API alone. INVALID for what is no such URL, UNAVAILABLE when no host
  /// answers there.
  static Result<RunningHost> reach(const std::string& url);

  const std::string& address() const noexcept { return address_; }
  std::string url() const { return "http://" + address_ + prefix_; }
  /// `path` below the URL.
  Result<ShortAnswer> get(const std::string& path, const Parameters& parameters = {}) const;
  /// The `data` of an answer of Prometheus' API; its error as INVALID.
  Result<boost::json::value> prometheus(const std::string& path, const Parameters& parameters = {}) const;
  /// NOT_FOUND: Alertmanager's API is not at this address.
  Result<boost::json::value> alertmanager(const std::string& path, const Parameters& parameters = {}) const;
  /// The series of an instant query.
  Result<boost::json::array> query(const std::string& expression) const;

 private:
  RunningHost(std::string address, std::string prefix) : address_(std::move(address)), prefix_(std::move(prefix)) {}
  std::string address_;     // host:port
  std::string prefix_;      // "" or "/prefix"
  std::string prometheus_;  // what goes before /api/v1
};

/// The number of a series in the answer of an instant query.
double sample_value(const boost::json::value& series);

}  // namespace tarsier::host::cli
