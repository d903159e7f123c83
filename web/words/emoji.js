// @ts-check
/**
 * Emoji by group, with words to search by in both languages. Only those that systems of the last eight years
 * show. Loaded when the list is opened; the signs are the system's own.
 */

/** @typedef {{ sign: string, words: string }} Emoji */
/** @typedef {{ name: string, emojis: Emoji[] }} Group */

/** A line is a sign and its words. @type {Record<string, string>} */
const LISTS = {
  "😀": `😀 grin happy smile feliz sonrisa contento
😁 beam grin teeth dientes sonrisa
😂 laugh tears joy risa lágrimas llorar
🤣 rolling laugh floor risa carcajada
😊 blush smile shy sonrojo sonrisa
🙂 slight smile sonrisa leve
🙃 upside down irony al revés ironía
😉 wink guiño
😌 relieved calm alivio calma
😍 love eyes heart amor ojos corazón
🥰 love hearts amor cariño corazones
😘 kiss beso
😋 yummy tasty rico sabroso
😛 tongue lengua
😜 tongue wink crazy lengua guiño loco
🤪 zany crazy loco
🤗 hug abrazo
🤔 think hmm pensar duda
🤨 eyebrow doubt ceja duda
😐 neutral neutro
😏 smirk sonrisa pícara
😒 unamused bored aburrido
🙄 eyes roll ojos hartazgo
😬 grimace awkward mueca incómodo
😴 sleep tired dormir sueño
😪 sleepy sueño cansado
🤤 drool baba
😷 mask sick mascarilla enfermo
🤒 fever sick fiebre enfermo
🤢 nausea sick asco náusea
🤧 sneeze cold estornudo resfriado
🥵 hot heat calor
🥶 cold freezing frío
😵 dizzy mareo
🤯 mind blown explotar asombro
😎 cool sunglasses gafas sol
🤓 nerd glasses gafas listo
😕 confused confundido
😟 worried preocupado
🙁 sad frown triste
😮 wow surprise open mouth sorpresa asombro
😳 flushed embarrassed vergüenza
🥺 please pleading por favor súplica
😢 cry sad tear llorar triste lágrima
😭 cry loud sob llorar
😱 scream fear miedo grito
😤 huff proud enfado
😡 angry enfadado rabia
🤬 swear angry insulto enfado
😈 devil diablo travieso
💀 skull dead calavera muerto
🤡 clown payaso
👻 ghost fantasma
👽 alien extraterrestre
🤖 robot bot`,
  "👋": `👋 wave hello bye hola adiós saludo
✋ hand stop mano alto
👌 ok perfect perfecto bien
✌️ peace victory paz victoria
🤞 fingers crossed luck suerte dedos
🤘 rock horns rock cuernos
🤙 call me shaka llámame
👈 left izquierda
👉 right derecha
👆 up arriba
👇 down abajo
👍 thumbs up yes good pulgar sí bien
👎 thumbs down no bad pulgar mal
✊ fist puño
👊 punch puño golpe
👏 clap applause aplauso
🙌 hurray hands celebrar manos
🤝 handshake deal trato acuerdo
🙏 thanks please pray gracias por favor rezar
💪 strong muscle fuerte músculo
👀 eyes look ojos mirar
🙈 monkey see no evil mono no ver
🤷 shrug dunno encogerse no sé
🤦 facepalm vergüenza
💃 dance bailar baile
🏃 run correr
🚶 walk andar caminar`,
  "❤️": `❤️ heart love red corazón amor rojo
🧡 orange heart corazón naranja
💛 yellow heart corazón amarillo
💚 green heart corazón verde
💙 blue heart corazón azul
💜 purple heart corazón morado
🖤 black heart corazón negro
💔 broken heart corazón roto
💕 hearts love corazones amor
💋 kiss lips beso labios
💯 hundred perfect cien perfecto
💥 boom explosión
💫 dizzy star estrella
💤 sleep zzz dormir
🔥 fire hot fuego
✨ sparkles brillo
⭐ star estrella
🎉 party celebrate fiesta celebrar
🎁 gift present regalo
🎂 cake birthday tarta cumpleaños
🏆 trophy win trofeo ganar
✅ check yes done sí hecho
❌ cross no wrong no mal
❓ question pregunta
❗ exclamation exclamación
💡 idea bulb bombilla`,
  "🐶": `🐶 dog perro
🐱 cat gato
🐭 mouse ratón
🐰 rabbit conejo
🦊 fox zorro
🐻 bear oso
🐼 panda
🐨 koala
🐯 tiger tigre
🦁 lion león
🐮 cow vaca
🐷 pig cerdo
🐸 frog rana
🐵 monkey mono
🐔 chicken gallina
🐧 penguin pingüino
🦄 unicorn unicornio
🐝 bee abeja
🦋 butterfly mariposa
🐢 turtle tortuga
🐙 octopus pulpo
🐬 dolphin delfín
🐳 whale ballena
🌸 blossom flower flor
🌹 rose flower rosa flor
🌻 sunflower girasol
🌳 tree árbol
🌵 cactus
🍀 clover luck trébol suerte
🌍 earth world tierra mundo
🌙 moon luna
☀️ sun sol
🌈 rainbow arcoíris
☁️ cloud nube
⛄ snowman snow nieve muñeco
🌊 wave sea ola mar`,
  "🍕": `🍎 apple manzana
🍌 banana plátano
🍓 strawberry fresa
🍉 watermelon sandía
🍋 lemon limón
🥑 avocado aguacate
🍅 tomato tomate
🍞 bread pan
🧀 cheese queso
🍳 egg huevo
🍔 burger hamburguesa
🍟 fries patatas
🍕 pizza
🌮 taco
🍣 sushi
🍜 noodles fideos
🍝 pasta spaghetti espagueti
🍦 ice cream helado
🍩 donut rosquilla
🍪 cookie galleta
🍫 chocolate
🍿 popcorn palomitas
☕ coffee tea café té
🍵 tea té
🍺 beer cerveza
🍷 wine vino
🥂 cheers toast brindis
🍹 cocktail cóctel`,
  "⚽": `⚽ football soccer fútbol balón
🏀 basketball baloncesto
🎾 tennis tenis
🏊 swim nadar
🚴 bike cycle bicicleta
⛷️ ski esquí
🎮 game videojuego jugar
🎲 dice game dado juego
♟️ chess ajedrez
🎯 target darts diana
🎸 guitar guitarra
🎹 piano
🎤 sing microphone cantar micrófono
🎧 headphones music auriculares música
🎵 music note música nota
🎬 film movie cine película
📷 camera photo cámara foto
📱 phone teléfono móvil
💻 computer laptop ordenador
📚 books read libros leer
✏️ pencil write lápiz escribir
🎨 art paint arte pintar
✈️ plane travel avión viaje
🚗 car coche
🚲 bike bicicleta
🚂 train tren
⛵ boat sail barco vela
🏠 house home casa
🏖️ beach playa
⛰️ mountain montaña
🏕️ camping tent tienda
⏰ clock alarm reloj alarma
💰 money dinero
🔑 key llave`,
};

/** @type {readonly Group[]} */
export const GROUPS = Object.entries(LISTS).map(([name, list]) => ({
  name,
  emojis: list.split("\n").map((line) => {
    const [sign = "", ...words] = line.split(" ");
    return { sign, words: plainOf(words.join(" ")) };
  }),
}));

/** Without case and accents, as people type. @param {string} text */
function plainOf(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

/**
 * @param {string} wanted words, or the beginnings of some
 * @returns {readonly Group[]} what has all of them
 */
export function findEmoji(wanted) {
  const parts = plainOf(wanted).split(/\s+/).filter(Boolean);
  if (parts.length === 0) return GROUPS;
  const fits = (/** @type {Emoji} */ { words }) => parts.every((part) => ` ${words}`.includes(` ${part}`));
  return GROUPS.map(({ name, emojis }) => ({ name, emojis: emojis.filter(fits) }))
    .filter(({ emojis }) => emojis.length > 0);
}
