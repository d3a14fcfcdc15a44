// What could be scraped on this machine: pages of metrics that answer, and programs whose exporter is not there yet.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tarsier/machine.hpp"
#include "tarsier/short_get.hpp"
#include "tarsier/suggest.hpp"

namespace tarsier::scrape {

/// What was seen, and how a page is asked for.
struct Surroundings {
  std::vector<machine::Listener> listeners;
  std::vector<machine::Process> processes;
  size_t containers = 0;  ///< that have a control group
  std::string host_name;
  /// GET /metrics there, within that time.
  std::function<Result<ShortAnswer>(const std::string& address, std::chrono::milliseconds time)> page;
  /// Whether there is time for one more.
  std::function<bool()> may_go_on = [] { return true; };
};

/// Tells each as soon as it is found: those that answer first.
void suggest_jobs(const Surroundings& seen, const std::function<void(const Suggestion&)>& tell);

/// Containers by the names that Docker, Podman, containerd, CRI-O and LXC give to their control groups.
size_t count_containers(const std::string& cgroups = "/sys/fs/cgroup");

}  // namespace tarsier::scrape
