// Collectors on small files: names, labels, units, and what they do when something is absent or odd.
#include <gmock/gmock.h>

#include "tests/unit/plugins/collect/node/tree.hpp"

namespace tarsier::node {
namespace {

using testing::HasSubstr;
using testing::Not;
using Collecting = TreeTest;

TEST_F(Collecting, CpuSecondsByModeAndGuests) {
  write("proc/stat",
        "cpu  10 0 0 0\ncpu0 150 20 30 4000 50 6 7 8 9 1\nintr 77 1 2\nctxt 88\nbtime 99\nprocesses 11\nprocs_running "
        "2\nprocs_blocked 3\n");
  open({"cpu", "stat"});
  EXPECT_EQ(
      round(),
      "node_boot_time_seconds 99\nnode_context_switches_total 88\n"
      "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 0.01\nnode_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.09\n"
      "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 40\nnode_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 0.5\n"
      "node_cpu_seconds_total{cpu=\"0\",mode=\"irq\"} 0.06\nnode_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 0.2\n"
      "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"} 0.07\nnode_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0.08\n"
      "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 0.3\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 1.5\n"
      "node_forks_total 11\nnode_intr_total 77\nnode_procs_blocked 3\nnode_procs_running 2\n");
}

TEST_F(Collecting, IdleTimeDoesNotStepBackALittle) {
  write("proc/stat", "cpu0 0 0 0 5000 0 0 0 0 0 0\n");
  open({"cpu"});
  (void)round();
  write("proc/stat", "cpu0 0 0 0 4990 0 0 0 0 0 0\n");
  EXPECT_THAT(round(), HasSubstr("mode=\"idle\"} 50\n"));
  write("proc/stat", "cpu0 0 0 0 100 0 0 0 0 0 0\n");  // the CPU came anew
  EXPECT_THAT(round(), HasSubstr("mode=\"idle\"} 1\n"));
}

TEST_F(Collecting, MemoryFieldsWithTheirUnits) {
  write("proc/meminfo", "MemTotal:   100 kB\nActive(anon):  2 kB\nHugePages_Total:       3\nnonsense\n");
  open({"meminfo"});
  EXPECT_EQ(
      round(true),
      "# HELP node_memory_Active_anon_bytes Memory information field Active_anon_bytes.\n# TYPE node_memory_Active_anon_bytes "
      "gauge\n"
      "node_memory_Active_anon_bytes 2048\n"
      "# HELP node_memory_HugePages_Total Memory information field HugePages_Total.\n# TYPE node_memory_HugePages_Total gauge\n"
      "node_memory_HugePages_Total 3\n"
      "# HELP node_memory_MemTotal_bytes Memory information field MemTotal_bytes.\n# TYPE node_memory_MemTotal_bytes gauge\n"
      "node_memory_MemTotal_bytes 102400\n");
}

TEST_F(Collecting, VmstatIsUntypedAndFiltered) {
  write("proc/vmstat", "nr_free 5\npgfault 7\noom_kill 1\npswpin 2\n");
  open({"vmstat"});
  EXPECT_EQ(round(), "node_vmstat_oom_kill 1\nnode_vmstat_pgfault 7\nnode_vmstat_pswpin 2\n");
  EXPECT_THAT(round(true), HasSubstr("# TYPE node_vmstat_pgfault untyped\n"));
}

TEST_F(Collecting, LoadAndDescriptors) {
  write("proc/loadavg", "0.25 1.5 2 3/400 5\n");
  write("proc/sys/fs/file-nr", "1024\t0\t4096\n");
  open({"loadavg", "filefd"});
  EXPECT_EQ(round(), "node_filefd_allocated 1024\nnode_filefd_maximum 4096\nnode_load1 0.25\nnode_load15 2\nnode_load5 1.5\n");
}

TEST_F(Collecting, DisksWithUdevLabelsAndWithoutPartitions) {
  write("proc/diskstats",
        " 8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n 8 1 sda1 1 2 3 4 5 6 7 8 9 10 11\n 7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n"
        " 9 0 md0 1 0 0 0 0 0 0 0 0 0 0\n");
  write("udev/b8:0", "E:ID_MODEL=Disk One\nE:ID_SERIAL_SHORT=S1\nE:ID_WWN=w\nE:ID_PATH=pci-1\nE:ID_REVISION=R\n");
  settings.disk_device_exclude = "^(ram|loop|fd|(h|s|v|xv)d[a-z])[0-9]+$";
  open({"diskstats"});
  const std::string text = round();
  EXPECT_THAT(text,
              HasSubstr("node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",model=\"Disk One\",path=\"pci-1\",revision=\"R\","
                        "serial=\"S1\",wwn=\"w\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("node_disk_read_bytes_total{device=\"sda\"} 1536\n"));
  EXPECT_THAT(text, HasSubstr("node_disk_write_time_seconds_total{device=\"sda\"} 0.008\n"));
  EXPECT_THAT(text, HasSubstr("node_disk_flush_requests_time_seconds_total{device=\"sda\"} 0.017\n"));
  EXPECT_THAT(text, HasSubstr("node_disk_reads_completed_total{device=\"md0\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("node_disk_flush_requests_total{device=\"md0\"}")));  // fields that an older kernel lacks
  EXPECT_THAT(text, Not(HasSubstr("sda1")));
  EXPECT_THAT(text, Not(HasSubstr("loop0")));
}

TEST_F(Collecting, InterfacesFromProcAndSys) {
  write("proc/net/dev",
        "Inter-|   Receive                            |  Transmit\n face |bytes ...\n"
        "  eth0: 10 11 12 13 14 15 16 17 20 21 22 23 24 25 26 27\n    lo:1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n");
  write("sys/class/net/eth0/statistics/rx_nohandler", "5\n");
  settings.network_device_exclude = "^lo$";
  open({"netdev"});
  const std::string text = round();
  EXPECT_THAT(text, HasSubstr("node_network_receive_multicast_total{device=\"eth0\"} 17\n"));
  EXPECT_THAT(text, HasSubstr("node_network_transmit_compressed_total{device=\"eth0\"} 27\n"));
  EXPECT_THAT(text, HasSubstr("node_network_receive_nohandler_total{device=\"eth0\"} 5\n"));
  EXPECT_THAT(text, Not(HasSubstr("\"lo\"")));
}

TEST_F(Collecting, PropertiesOfInterfaces) {
  write("sys/class/net/eth0/flags", "0x1003\n");
  write("sys/class/net/eth0/speed", "-1\n");
  write("sys/class/net/eth0/mtu", "1500\n");
  write("sys/class/net/eth0/operstate", "up\n");
  write("sys/class/net/eth0/address", "02:00:00:00:00:01\n");
  write("sys/class/net/eth0/ifalias", "uplink\n");
  open({"netclass"});
  EXPECT_EQ(round(),
            "node_network_flags{device=\"eth0\"} 4099\n"
            "node_network_info{address=\"02:00:00:00:00:01\",broadcast=\"\",device=\"eth0\",duplex=\"\",ifalias=\"uplink\","
            "operstate=\"up\"} 1\n"
            "node_network_mtu_bytes{device=\"eth0\"} 1500\nnode_network_speed_bytes{device=\"eth0\"} -125000\n"
            "node_network_up{device=\"eth0\"} 1\n");
}

TEST_F(Collecting, ProtocolCounters) {
  write("proc/net/netstat", "TcpExt: SyncookiesSent Ignored ListenDrops\nTcpExt: 1 2 3\nIpExt: InOctets\nIpExt: 4\n");
  write("proc/net/snmp", "Tcp: RtoMax CurrEstab InErrs\nTcp: -1 5 6\nUdp: InDatagrams\nUdp: 7\n");
  write("proc/net/snmp6", "Ip6InOctets 8\nUdp6InErrors 9\nIp6Other 1\n");
  open({"netstat"});
  EXPECT_EQ(round(),
            "node_netstat_Ip6_InOctets 8\nnode_netstat_IpExt_InOctets 4\nnode_netstat_TcpExt_ListenDrops 3\n"
            "node_netstat_TcpExt_SyncookiesSent 1\nnode_netstat_Tcp_CurrEstab 5\nnode_netstat_Tcp_InErrs 6\n"
            "node_netstat_Udp6_InErrors 9\nnode_netstat_Udp_InDatagrams 7\n");
}

TEST_F(Collecting, SocketsPacketsAndTables) {
  write("proc/net/sockstat", "sockets: used 9\nTCP: inuse 1 mem 2\n");
  write("proc/net/udp",
        "  sl  local rem st tx_queue:rx_queue\n 1: 0:0 0:0 07 0000000A:00000003 00\n 2: 0:0 0:0 07 00000001:00000000 00\n");
  write("proc/net/softnet_stat", "0000000a 00000001 00000002 0 0 0 0 0 0 0 0 0 00000003\n");
  write("proc/net/arp", "IP address HW type\n10.0.0.1 0x1 0x2 aa:bb * eth0\n10.0.0.2 0x1 0x2 aa:cc * eth0\n");
  write("proc/sys/net/netfilter/nf_conntrack_count", "12\n");
  write("proc/sys/net/netfilter/nf_conntrack_max", "100\n");
  write("proc/net/stat/nf_conntrack", "entries  found drop\n00000001 0000000a 1\n00000001 00000001 2\n");
  open({"sockstat", "udp_queues", "softnet", "arp", "conntrack"});
  const std::string text = round();
  for (const char* line : {"node_sockstat_sockets_used 9\n", "node_sockstat_TCP_inuse 1\n", "node_sockstat_TCP_mem_bytes 8192\n",
                           "node_udp_queues{ip=\"v4\",queue=\"tx\"} 11\n", "node_udp_queues{ip=\"v4\",queue=\"rx\"} 3\n",
                           "node_softnet_processed_total{cpu=\"3\"} 10\n", "node_softnet_dropped_total{cpu=\"3\"} 1\n",
                           "node_arp_entries{device=\"eth0\"} 2\n", "node_nf_conntrack_entries_limit 100\n",
                           "node_nf_conntrack_stat_found 11\n", "node_nf_conntrack_stat_drop 3\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST_F(Collecting, PressureAndTheSystemsName) {
  write("proc/pressure/io", "some avg10=0.00 total=2500000\nfull avg10=0.00 total=500000\n");
  write("root/etc/os-release", "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12.5.1\"\n# comment\n");
  settings.rootfs = settings.procfs.substr(0, settings.procfs.size() - 5) + "/root";
  open({"pressure", "os", "uname", "time"});
  const std::string text = round();
  EXPECT_THAT(text, HasSubstr("node_pressure_io_waiting_seconds_total 2.5\n"));
  EXPECT_THAT(text, HasSubstr("node_pressure_io_stalled_seconds_total 0.5\n"));
  EXPECT_THAT(text, HasSubstr("node_os_version{id=\"debian\",id_like=\"\",name=\"Debian GNU/Linux\"} 12.5\n"));
  EXPECT_THAT(text, HasSubstr("node_uname_info{domainname="));
  EXPECT_THAT(text, HasSubstr("node_time_seconds 1.5\n"));
}

TEST_F(Collecting, WhatIsAbsentIsNoError) {
  open({"conntrack", "pressure", "meminfo"});
  (void)round();
  EXPECT_THAT(failures, testing::IsEmpty());
  EXPECT_EQ(success("conntrack"), "0");
  write("proc/meminfo", "MemTotal: 1 kB\n");
  (void)round();
  EXPECT_EQ(success("meminfo"), "1");
}

TEST_F(Collecting, OddContentIsAFailureOfThatCollectorOnly) {
  write("proc/loadavg", "high\n");
  write("proc/meminfo", "MemTotal: 1 kB\n");
  open({"loadavg", "meminfo"});
  EXPECT_EQ(round(), "node_memory_MemTotal_bytes 1024\n");
  EXPECT_THAT(failures, testing::ElementsAre(HasSubstr("loadavg: unexpected content of ")));
  EXPECT_EQ(success("loadavg"), "0");
}

TEST_F(Collecting, RefusesUnknownCollectorsAndBadPatterns) {
  EXPECT_THAT(Collectors::open(settings, {"cpus"}).error().message(), HasSubstr("no collector 'cpus'; there are arp, "));
  settings.disk_device_exclude = "(";
  EXPECT_THAT(Collectors::open(settings, {"diskstats"}).error().message(), HasSubstr("regular expression '('"));
}

}  // namespace
}  // namespace tarsier::node
