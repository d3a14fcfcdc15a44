// Dispatcher: from a request on an entrypoint to the handler of a route: may it, on which thread, and when: a request whose handler
// is being replaced is held until that is over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/net/routing.hpp"

namespace tarsier::net {

/// One for each entrypoint. Thread-safe.
class Dispatcher final : public RequestHandler {
 public:
  Dispatcher(DispatchContext context, std::string root, std::vector<std::string> apis);

  Admission admit(Request& request) override;
  void handle(const std::shared_ptr<Exchange>& exchange) override;
  void finished(const Request& request, const RequestRecord& record) override;

 private:
  const std::shared_ptr<const Routing> routing_;
};

}  // namespace tarsier::net
