// Dispatcher: from a request on an entrypoint to the handler of a route: may it, on which thread, and when: a request whose handler
// is being replaced is held until that is over.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/net/fair_tasks.hpp"
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
  /// Handlers that wait for a worker: clients take turns.
  struct Waiting {
    std::mutex mutex;
    FairTasks tasks;  // by mutex
  };

  /// False when too much waits already.
  bool post(std::string_view remote, FairTasks::Task task);

  const std::shared_ptr<const Routing> routing_;
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();  // what was posted may outlive this
};

}  // namespace tarsier::net
