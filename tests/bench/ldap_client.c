/* The floor for a change of a password: search, bind and modify by libldap, and nothing else.
 *
 * Each thread has two connections, one bound as the service and one for the people, which are kept from round to round.
 * Standard input has, one a line: URL, DN and password of the service, base of the people, current and new password,
 * number of threads. Then each line asks for a round: number of the first person, changes at most, seconds at most. Each
 * round is answered by a line of JSON; times are in milliseconds.
 */
#include <ldap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS 7
#define MAX_THREADS 64
#define MAX_CHANGES 1000000

static char words[WORDS][512];
static atomic_int taken, failed;
static double times[MAX_CHANGES], deadline;
static int first, most;
static LDAP *services[MAX_THREADS], *people[MAX_THREADS];

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static struct berval secret(char *text)
{
    return (struct berval){strlen(text), text};
}

static LDAP *opened(const char *dn, char *password)
{
    LDAP *connection;
    int version = LDAP_VERSION3;
    struct berval value = secret(password);
    if (ldap_initialize(&connection, words[0]) || ldap_set_option(connection, LDAP_OPT_PROTOCOL_VERSION, &version)
        || (dn && ldap_sasl_bind_s(connection, dn, LDAP_SASL_SIMPLE, &value, NULL, NULL, NULL))) {
        fprintf(stderr, "no connection to %s\n", words[0]);
        exit(1);
    }
    return connection;
}

static int change(LDAP *service, LDAP *person, int number)
{
    char filter[64], *attributes[] = {"uid", NULL};
    char *values[] = {words[5], NULL};
    LDAPMod replace = {LDAP_MOD_REPLACE, "userPassword", {values}}, *changes[] = {&replace, NULL};
    LDAPMessage *found = NULL, *entry;
    struct berval current = secret(words[4]);
    char *dn = NULL;
    int error;

    snprintf(filter, sizeof filter, "(uid=p%06d)", number);
    error = ldap_search_ext_s(service, words[3], LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL, NULL, NULL, 2, &found);
    entry = error ? NULL : ldap_first_entry(service, found);
    if (entry)
        dn = ldap_get_dn(service, entry);
    ldap_msgfree(found);
    if (!dn)
        return 1;
    error = ldap_sasl_bind_s(person, dn, LDAP_SASL_SIMPLE, &current, NULL, NULL, NULL);
    if (!error)
        error = ldap_modify_ext_s(service, dn, changes, NULL, NULL);
    ldap_memfree(dn);
    return error;
}

static void *work(void *place)
{
    int thread = (LDAP **)place - services, number;
    double began;

    while (now() < deadline && (number = atomic_fetch_add(&taken, 1)) < most) {
        began = now();
        if (change(services[thread], people[thread], first + number))
            atomic_fetch_add(&failed, 1);
        times[number] = now() - began;
    }
    return NULL;
}

static int by_size(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static void measure(int threads, double at_most)
{
    pthread_t thread[MAX_THREADS];
    double began = now(), seconds;
    int number, done;

    taken = failed = 0;
    deadline = began + at_most;
    for (number = 0; number < threads; number++)
        pthread_create(&thread[number], NULL, work, &services[number]);
    for (number = 0; number < threads; number++)
        pthread_join(thread[number], NULL);
    seconds = now() - began;
    done = taken < most ? taken : most;
    qsort(times, done, sizeof *times, by_size);
    printf("{\"done\": %d, \"failed\": %d, \"seconds\": %f, \"p50\": %f, \"p95\": %f, \"p99\": %f}\n", done - failed,
        (int)failed, seconds, 1e3 * times[done / 2], 1e3 * times[done * 95 / 100], 1e3 * times[done * 99 / 100]);
    fflush(stdout);
}

int main(void)
{
    int number, threads;
    double at_most;

    for (number = 0; number < WORDS; number++) {
        if (!fgets(words[number], sizeof words[number], stdin))
            return 2;
        words[number][strcspn(words[number], "\n")] = 0;
    }
    threads = atoi(words[6]);
    if (threads < 1 || threads > MAX_THREADS)
        return 2;
    for (number = 0; number < threads; number++) {
        services[number] = opened(words[1], words[2]);
        people[number] = opened(NULL, "");
    }
    while (scanf("%d %d %lf", &first, &most, &at_most) == 3) {
        if (most > MAX_CHANGES)
            return 2;
        measure(threads, at_most);
    }
    return 0;
}
