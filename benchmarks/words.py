"""What people write to a help desk in Argentina: names, companies, subjects, sentences."""

FIRST_NAMES = (
    "Sofía", "Martín", "Lucía", "Joaquín", "Valentina", "Nicolás", "Camila", "Agustín", "Julieta", "Tomás",
    "María José", "Sebastián", "Florencia", "Matías", "Belén", "Ramón", "Inés", "Germán", "Noelia", "Bruno",
)  # fmt: skip
LAST_NAMES = (
    "González", "Rodríguez", "Fernández", "Pérez", "Gómez", "Díaz", "Núñez", "Muñoz", "Álvarez", "Benítez",
    "Acuña", "Peralta", "Ibáñez", "Ledesma", "Quiroga", "Suárez", "Villalba", "Yáñez", "Zárate", "Ordóñez",
)  # fmt: skip
COMPANIES = (
    "Distribuidora Andina", "Metalúrgica del Sur", "Frigorífico La Ñata", "Textil Paraná", "Logística Cuyo",
    "Bodegas Tres Ríos", "Clínica San Martín", "Estudio Peña", "Agro Pampa", "Imprenta Córdoba",
    "Farmacias del Plata", "Constructora Aconcagua", "Panificadora Rosario", "Óptica Mitre", "Papelera Salta",
)  # fmt: skip
KINDS = ("S.A.", "S.R.L.", "y Cía.", "Hermanos", "S.A.S.")
TOPICS = ("Facturación", "Soporte técnico", "Redes", "Ventas", "Recursos humanos")

SUBJECTS = (
    "No puedo emitir facturas desde ayer",
    "Error al imprimir remitos en depósito",
    "Consulta por el vencimiento del certificado",
    "La VPN se corta cada diez minutos",
    "Alta de usuario para compañera nueva",
    "Diferencia en la liquidación de comisiones",
    "URGENTE: sistema caído en la sucursal Añelo",
    "Presupuesto para ampliación de licencias",
    "El correo no llega a los celulares",
    "Cambio de contraseña que no toma",
    "Reclamo por nota de crédito pendiente",
    "Actualización de datos impositivos (CUIT)",
    "Pantalla azul en la máquina de recepción",
    "¿Cómo exporto el listado a Excel?",
    "Demora en la sincronización de stock",
)
GREETINGS = ("Buen día,", "Buenas tardes,", "Hola, ¿cómo están?", "Estimados:", "Hola equipo,")
SENTENCES = (
    "Desde ayer a la tarde no podemos emitir comprobantes y tenemos clientes esperando en el mostrador.",
    "Probamos reiniciar la máquina y cerrar la sesión, pero el mensaje de error sigue apareciendo.",
    "Adjunto una captura de la pantalla para que vean exactamente lo que dice.",
    "Nos pasa únicamente con los usuarios de administración; en depósito funciona sin problemas.",
    "¿Podrían revisarlo hoy? Mañana cerramos el mes y necesitamos los informes antes del mediodía.",
    "El número de comprobante es el 0003-00012487 y el importe no coincide con la orden de compra.",
    "Ya lo habíamos reclamado la semana pasada y nos dijeron que iba a quedar resuelto con la actualización.",
    "La conexión anda bien por la mañana y después de las 15 h empieza a cortarse cada diez minutos.",
    "Por las dudas dejo el teléfono de la oficina: (0351) 555-0142, interno 23, preguntar por Belén.",
    "Verificamos con el contador y los datos impositivos cargados en el sistema son los correctos.",
    "Si hace falta, mañana a primera hora podemos conectarnos por acceso remoto y lo miramos juntos.",
    "También necesitaríamos que le den permisos de consulta a quien nos reemplaza en las vacaciones.",
    "Les paso el detalle en la planilla adjunta; las filas en amarillo son las que tienen diferencias.",
    "Agradecemos mucho la predisposición de siempre y quedamos a la espera de novedades.",
    "Revisamos el caso y encontramos el motivo: el certificado venció el viernes y hay que renovarlo.",
    "Ya hicimos el cambio de nuestro lado; por favor prueben de nuevo y nos cuentan si quedó bien.",
    "En la sucursal de Añelo ocurre lo mismo, así que no parece un problema de una sola computadora.",
    "El informe muestra montos en cero para los artículos con código que empieza con «Ñ».",
)
CLOSINGS = ("Saludos cordiales,", "Muchas gracias.", "Saludos,", "Quedo atento.", "Atentamente,")
JOBS = ("Administración", "Gerencia de operaciones", "Compras", "Sistemas", "Recepción", "Contaduría")
