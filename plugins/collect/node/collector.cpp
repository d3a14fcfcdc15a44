// The table of collectors.
#include "plugins/collect/node/collector.hpp"

#include <array>

namespace tarsier::node {

std::span<const CollectorKind> collector_kinds() {
  static constexpr std::array<CollectorKind, 23> kKinds = {{
      {"arp", make_arp},
      {"conntrack", make_conntrack},
      {"cpu", make_cpu},
      {"diskstats", make_diskstats},
      {"entropy", make_entropy},
      {"filefd", make_filefd},
      {"filesystem", make_filesystem},
      {"loadavg", make_loadavg},
      {"meminfo", make_meminfo},
      {"netclass", make_netclass},
      {"netdev", make_netdev},
      {"netstat", make_netstat},
      {"os", make_os},
      {"pressure", make_pressure},
      {"selinux", make_selinux},
      {"sockstat", make_sockstat},
      {"softnet", make_softnet},
      {"stat", make_stat},
      {"time", make_time},
      {"timex", make_timex},
      {"udp_queues", make_udp_queues},
      {"uname", make_uname},
      {"vmstat", make_vmstat},
  }};
  return kKinds;
}

}  // namespace tarsier::node
