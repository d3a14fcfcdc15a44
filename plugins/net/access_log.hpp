// AccessLog: one line of JSON for each request, into a file or into the host's log.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "plugins/lib/http/exchange.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "tarsier/host.hpp"

namespace tarsier::net {

class AccessLog {
 public:
  /// `destination` as in the configuration: "" for none.
  AccessLog(const Host& host, Executor& executor, std::string destination);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// [net] Never waits for the disk: a worker writes the lines.
  void add(const Request& request, const RequestRecord& record);

 private:
  struct File;  // shared with the writing task
  const Host& host_;
  Executor& executor_;
  const bool to_host_;
  std::shared_ptr<File> file_;
};

/// The line, without its end.
std::string access_line(const Request& request, const RequestRecord& record, int64_t wall_ns);

}  // namespace tarsier::net
