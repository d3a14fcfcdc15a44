// One subject of the machine (cpu, meminfo, ...): reads its files and adds samples to the page.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugins/collect/node/kept_file.hpp"
#include "plugins/collect/node/page.hpp"
#include "tarsier/result.hpp"

namespace tarsier::node {

/// Where to read, and what to leave out; what a collector is made with.
struct Settings {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev = "/run/udev/data";
  std::string mount_points_exclude;
  std::string fs_types_exclude;
  std::string disk_device_exclude;
  std::string network_device_exclude;
};

/// Shared by the collectors of one round, which run one after the other.
struct Round {
  Page& page;
  ReadBuffer& buffer;
  int64_t now_ns;
};

class Collector {
 public:
  virtual ~Collector() = default;
  /// Adds to the page what there is. NOT_FOUND when this machine has nothing of the kind.
  virtual Result<void> collect(Round& round) = 0;
  /// False while a call into the kernel hangs that cannot be ended.
  virtual bool idle() const { return true; }
};

using MakeCollector = Result<std::unique_ptr<Collector>> (*)(const Settings&);
struct CollectorKind {
  std::string_view name;
  MakeCollector make;
};

/// All kinds, in the order in which they run; each name as node_exporter's.
std::span<const CollectorKind> collector_kinds();

// One for each kind; the file of the same subject in collectors/ has it.
Result<std::unique_ptr<Collector>> make_arp(const Settings&);
Result<std::unique_ptr<Collector>> make_conntrack(const Settings&);
Result<std::unique_ptr<Collector>> make_cpu(const Settings&);
Result<std::unique_ptr<Collector>> make_diskstats(const Settings&);
Result<std::unique_ptr<Collector>> make_entropy(const Settings&);
Result<std::unique_ptr<Collector>> make_filefd(const Settings&);
Result<std::unique_ptr<Collector>> make_filesystem(const Settings&);
Result<std::unique_ptr<Collector>> make_loadavg(const Settings&);
Result<std::unique_ptr<Collector>> make_meminfo(const Settings&);
Result<std::unique_ptr<Collector>> make_netclass(const Settings&);
Result<std::unique_ptr<Collector>> make_netdev(const Settings&);
Result<std::unique_ptr<Collector>> make_netstat(const Settings&);
Result<std::unique_ptr<Collector>> make_os(const Settings&);
Result<std::unique_ptr<Collector>> make_pressure(const Settings&);
Result<std::unique_ptr<Collector>> make_selinux(const Settings&);
Result<std::unique_ptr<Collector>> make_sockstat(const Settings&);
Result<std::unique_ptr<Collector>> make_softnet(const Settings&);
Result<std::unique_ptr<Collector>> make_stat(const Settings&);
Result<std::unique_ptr<Collector>> make_time(const Settings&);
Result<std::unique_ptr<Collector>> make_timex(const Settings&);
Result<std::unique_ptr<Collector>> make_udp_queues(const Settings&);
Result<std::unique_ptr<Collector>> make_uname(const Settings&);
Result<std::unique_ptr<Collector>> make_vmstat(const Settings&);

// Ids of families whose labels and help follow one pattern are made when first seen, then found by place, as series are.
class FamilyColumn {
 public:
  /// The id at the next place if it belongs to `key`, else what make() says.
  template <class Make>
  Page::FamilyId at(size_t place, std::string_view key, Make&& make) {
    if (place < entries_.size() && entries_[place].first == key) return entries_[place].second;
    const Page::FamilyId id = make();
    entries_.resize(std::max(entries_.size(), place + 1));
    entries_[place] = {std::string(key), id};
    return id;
  }

 private:
  std::vector<std::pair<std::string, Page::FamilyId>> entries_;
};

}  // namespace tarsier::node
