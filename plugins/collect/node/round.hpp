// Runs the chosen collectors, each timed, with its success as a sample.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/collect/node/collector.hpp"

namespace tarsier::node {

class Collectors {
 public:
  /// `names` empty: all kinds. INVALID for an unknown name.
  static Result<Collectors> open(const Settings& settings, const std::vector<std::string>& names);

  /// Begins a round on the page and fills it. `mono_ns` is asked for the time that each collector takes; `failed` is told of what
  /// went wrong other than that something is not there.
  void run(Page& page, int64_t now_ns, const std::function<int64_t()>& mono_ns,
           const std::function<void(std::string_view collector, const Error&)>& failed);
  /// False while a collector hangs in the kernel.
  bool idle() const;
  size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Collector> collector;
  };
  std::vector<Entry> entries_;
  ReadBuffer buffer_;
};

}  // namespace tarsier::node
