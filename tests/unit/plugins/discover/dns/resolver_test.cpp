// Looking names up, on a server that answers rightly, wrongly or not at all.
#include "plugins/discover/dns/resolver.hpp"

#include <arpa/nameser.h>
#include <chrono>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/plugins/discover/dns/dns_server.hpp"

namespace tarsier::discover_dns {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Bytes srv(uint16_t port, const std::string& host) { return wire_u16(0) + wire_u16(0) + wire_u16(port) + wire_name(host); }
Bytes ipv4(char last) { return {10, 0, 0, last}; }

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { use(""); }
  ~ResolverTest() override { ::unlink(conf_.c_str()); }
  void SetUp() override { ASSERT_TRUE(resolver_.start()); }

  void use(const std::string& more) {
    if (!conf_.empty()) ::unlink(conf_.c_str());
    conf_ = server_.resolv_conf(more);
  }
  std::future<std::vector<Result<Records>>> begin(std::vector<std::string> names, RecordType type,
                                                  std::chrono::nanoseconds timeout = 20s) {
    auto promise = std::make_shared<std::promise<std::vector<Result<Records>>>>();
    resolver_.ask(
        {.names = std::move(names), .type = type, .resolv_conf = conf_, .timeout = timeout, .done = [promise](auto answers) {
           promise->set_value(std::move(answers));
         }});
    return promise->get_future();
  }
  Result<Records> ask(const std::string& name, RecordType type, std::chrono::nanoseconds timeout = 20s) {
    auto answers = begin({name}, type, timeout).get();
    return std::move(answers.at(0));
  }
  Records records(const std::string& name, RecordType type) {
    auto found = ask(name, type);
    EXPECT_TRUE(found.ok()) << found.error().message();
    return found ? *found : Records{};
  }
  std::string why(const std::string& name, RecordType type, std::chrono::nanoseconds timeout = 20s) {
    const auto found = ask(name, type, timeout);
    return found ? "resolved" : found.error().message();
  }

  DnsServer server_;
  std::string conf_;
  Resolver resolver_;
};

TEST_F(ResolverTest, FindsEveryTypeOfRecord) {
  server_.put("SRV _m._tcp.example", {.records = {{ns_t_srv, srv(9100, "a.example")}, {ns_t_srv, srv(9101, "b.example")}}});
  server_.put("A www.example", {.records = {{ns_t_a, ipv4(1)}, {ns_t_a, ipv4(2)}}});
  server_.put("AAAA www.example", {.records = {{ns_t_aaaa, Bytes(15, '\0') + '\1'}}});
  server_.put("MX example", {.records = {{ns_t_mx, wire_u16(10) + wire_name("mail.example")}}});
  server_.put("NS example", {.records = {{ns_t_ns, wire_name("ns1.example")}, {ns_t_ns, wire_name("ns2.example")}}});
  EXPECT_THAT(records("_m._tcp.example.", RecordType::srv),
              UnorderedElementsAre(Record{"a.example", 9100}, Record{"b.example", 9101}));
  EXPECT_THAT(records("www.example.", RecordType::a), UnorderedElementsAre(Record{"10.0.0.1"}, Record{"10.0.0.2"}));
  EXPECT_THAT(records("www.example.", RecordType::aaaa), ElementsAre(Record{"::1"}));
  EXPECT_THAT(records("example.", RecordType::mx), ElementsAre(Record{"mail.example"}));
  EXPECT_THAT(records("example.", RecordType::ns), UnorderedElementsAre(Record{"ns1.example"}, Record{"ns2.example"}));
}

TEST_F(ResolverTest, AliasesAreFollowedAndAreNoTargets) {
  server_.put("A www.example", {.records = {{ns_t_cname, wire_name("www.example")}, {ns_t_a, ipv4(1)}}});
  EXPECT_THAT(records("www.example.", RecordType::a), ElementsAre(Record{"10.0.0.1"}));
}

TEST_F(ResolverTest, AServiceThatIsDeclaredAbsentIsNoTarget) {
  server_.put("SRV s.example", {.records = {{ns_t_srv, srv(0, "")}}});
  EXPECT_THAT(records("s.example.", RecordType::srv), ElementsAre());
}

TEST_F(ResolverTest, WhatDoesNotExistHasNoTargets) {
  server_.put("A empty.example", {});
  EXPECT_THAT(records("empty.example.", RecordType::a), ElementsAre());
  EXPECT_THAT(records("no.example.", RecordType::a), ElementsAre());
}

TEST_F(ResolverTest, SearchDomainsAreTriedUntilANameExists) {
  use("search one.example two.example\n");
  server_.put("A db.two.example", {.records = {{ns_t_a, ipv4(2)}}});
  EXPECT_THAT(records("db", RecordType::a), ElementsAre(Record{"10.0.0.2"}));
  EXPECT_THAT(server_.asked(), ElementsAre("A db.one.example", "A db.two.example"));
  server_.forget();
  EXPECT_THAT(records("nowhere", RecordType::a), ElementsAre());
  EXPECT_THAT(server_.asked(), ElementsAre("A nowhere.one.example", "A nowhere.two.example", "A nowhere"));
}

TEST_F(ResolverTest, AFailureThatMayHideTheNameIsAnErrorUnlessALaterOneExists) {
  use("search one.example two.example\n");
  server_.put("A db.one.example", {.rcode = 2});
  EXPECT_THAT(why("db", RecordType::a), HasSubstr("could not resolve db.: "));
  server_.put("A db.two.example", {.records = {{ns_t_a, ipv4(2)}}});
  EXPECT_THAT(records("db", RecordType::a), ElementsAre(Record{"10.0.0.2"}));
}

TEST_F(ResolverTest, WhatIsTooLongForUdpComesByTcp) {
  Reply many{.only_by_tcp = true};
  for (uint16_t i = 0; i < 1000; ++i) many.records.emplace_back(ns_t_srv, srv(i, "host-" + std::to_string(i) + ".example"));
  server_.put("SRV many.example", many);
  EXPECT_EQ(records("many.example.", RecordType::srv).size(), 1000U);
  EXPECT_THAT(server_.asked(), ElementsAre("SRV many.example", "SRV many.example by TCP"));
}

TEST_F(ResolverTest, MalformedAnswersAreErrors) {
  const Bytes head = Bytes("\x81\x80", 2) + wire_u16(1);
  const Bytes question = wire_name("bad.example") + wire_u16(ns_t_srv) + wire_u16(1);
  const Bytes record = wire_u16(0xc00c) + wire_u16(ns_t_srv) + wire_u16(1) + wire_u16(0) + wire_u16(60);
  const Bytes bad[] = {
      head + wire_u16(1) + wire_u16(0) + wire_u16(0) + question,                                          // no record
      head + wire_u16(1) + wire_u16(0) + wire_u16(0) + question + record + wire_u16(600) + srv(1, "a"),   // beyond the end
      head + wire_u16(1) + wire_u16(0) + wire_u16(0) + question + record + wire_u16(4) + Bytes(4, '\0'),  // too short
      head + wire_u16(1) + wire_u16(0) + wire_u16(0) + question + record + wire_u16(8) + Bytes(6, '\0') +
          wire_u16(0xc000 + 47),  // a loop
  };
  for (const Bytes& raw : bad) {
    server_.put("SRV bad.example", {.raw = raw});
    EXPECT_THAT(why("bad.example.", RecordType::srv, 8s), HasSubstr("could not resolve bad.example.: "));
  }
}

TEST_F(ResolverTest, StrangeNamesAreText) {
  server_.put("SRV s.example", {.records = {{ns_t_srv, wire_u16(0) + wire_u16(0) + wire_u16(80) + Bytes("\3a\n\xff\0", 5)}}});
  const auto found = ask("s.example.", RecordType::srv);
  if (found) {
    EXPECT_EQ(found->at(0).host, "a\\010\\255");
  }
}

TEST_F(ResolverTest, ASilentServerHoldsNobodyElse) {
  server_.put("A silent.example", {.silent = true});
  server_.put("A www.example", {.records = {{ns_t_a, ipv4(1)}}});
  auto silent = begin({"silent.example.", "www.example."}, RecordType::a, 500ms);
  EXPECT_THAT(records("www.example.", RecordType::a), ElementsAre(Record{"10.0.0.1"}));
  auto answers = silent.get();
  ASSERT_FALSE(answers[0].ok());
  EXPECT_EQ(answers[0].error().message(), "no answer from the DNS in time");
  EXPECT_TRUE(answers[1].ok()) << "the other name of the same question has its answer";
}

TEST_F(ResolverTest, StoppingGivesUpWhatIsUnderWay) {
  server_.put("A silent.example", {.silent = true});
  auto silent = begin({"silent.example."}, RecordType::a);
  resolver_.stop();
  const auto answers = silent.get();
  ASSERT_FALSE(answers[0].ok());
  EXPECT_EQ(answers[0].error().code(), TARSIER_CANCELLED);
  EXPECT_THAT(why("www.example.", RecordType::a), HasSubstr("stopped"));
  ASSERT_TRUE(resolver_.start());
  EXPECT_THAT(records("no.example.", RecordType::a), ElementsAre());
}

TEST_F(ResolverTest, AServerThatCannotBeAskedIsPassedOver) {
  use("nameserver fe80::1%lo\n");
  EXPECT_THAT(records("no.example.", RecordType::a), ElementsAre());
  std::ofstream(conf_) << "search example\n";
  EXPECT_THAT(why("www.example.", RecordType::a), HasSubstr("no usable nameserver in "));
}

TEST_F(ResolverTest, WithoutAResolvConfNothingIsAsked) {
  ::unlink(conf_.c_str());
  EXPECT_THAT(why("www.example.", RecordType::a), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace tarsier::discover_dns
